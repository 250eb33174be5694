import { WireError } from '@turnstead/wire'
import type { RequestLimits } from '../run/server.js'
import type { TurnRun } from '../run/run.js'

/** A permission or question as the server lists it. */
export interface ServerAsk {
  readonly id: string
  readonly sessionID: string
}

/**
 * The asks that the server lists for these sessions, in its own words. Without `permissions` when it cannot
 * list them: it answers 400 while any pending webfetch ask of the directory lacks a timeout.
 */
export async function listAsks(
  run: TurnRun,
  sessionIds: ReadonlySet<string>,
  options: RequestLimits,
): Promise<{
  readonly permissions?: readonly ServerAsk[]
  readonly questions: readonly ServerAsk[]
}> {
  const { client } = run.server
  const { report } = run.setup
  const isOurs = (ask: ServerAsk): boolean => sessionIds.has(ask.sessionID)
  const questions = (await client.question.list(options)).filter(isOurs)
  try {
    const permissions = await client.permission.list(options)
    return { permissions: permissions.filter(isOurs), questions }
  } catch (error) {
    if (!WireError.is(error) || error.code !== 'unreadable_entry') throw error
    report(error, 'asks')
    return { questions }
  }
}
