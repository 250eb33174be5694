import type { Session } from '@turnstead/wire'
import { portTimeout } from '../errors.js'
import { withinMs } from '../run/deadline.js'
import { requestLimits, type TurnRun } from '../run/run.js'

/** What the server calls a session, and a copy of one, that no one has named yet. */
const defaultTitle = /^(?:New|Child) session - \d{4}-\d{2}-\d{2}T/

/** Stores the title that the server gives a conversation's session by itself, once it has one. Never fails the turn. */
export interface TitleKeeper {
  /** The session as the server has it before the prompt: an earlier prompt may have named it. */
  before(session: Session): Promise<void>
  /** The prompt has been answered: asks once whether the session has a name now. */
  after(): Promise<void>
}

/** @param stored - The title that the row has; undefined where the store keeps none. */
export function keepTitle(run: TurnRun, stored: string | null | undefined): TitleKeeper {
  const { budgets, clock, client, report, session: input, store } = run.setup
  let unnamed: string | null = null

  const note = async ({ id: sessionId, title }: Session): Promise<void> => {
    if (title === stored || title === input.title || defaultTitle.test(title)) return
    await store.noteSession?.(run.lease.lease, { sessionId, title })
  }
  const briefly = async (work: () => Promise<void>): Promise<void> => {
    if (stored === undefined || store.noteSession === undefined) return
    const ms = budgets.requestMs
    const deadline = { ms, signal: run.signal, expired: () => portTimeout('session', ms) }
    try {
      await withinMs(clock, deadline, work)
    } catch (error) {
      if (!run.signal.aborted) report(error, 'session')
    }
  }

  return {
    async before(session) {
      unnamed = defaultTitle.test(session.title) ? session.id : null
      await briefly(() => note(session))
    },
    async after() {
      const id = unnamed
      if (id === null) return
      await briefly(async () => note(await client.session.get(id, requestLimits(run))))
    },
  }
}
