import { SessionError } from '../errors.js'
import type { SessionUpstream } from '../session-upstream.js'
import { confirmSession } from '../creation/confirm-session.js'
import { endCreation } from '../creation/end-creation.js'
import type { SessionRow } from '../creation/find-session.js'
import { isDuplicate } from '../database/passing.js'
import { splitKeys } from '../creation/take-creation.js'
import type { Creation } from '../creation/take-creation.js'
import type { Tables } from '../tables.js'
import { discardSession } from './discard-session.js'
import type { OnOrphan } from './discard-session.js'

interface CreateContext {
  readonly tables: Tables
  readonly createMs: number
  readonly onOrphan: OnOrphan | undefined
}

interface Upstream {
  readonly upstream: SessionUpstream
}

const maxLeftoversPerKey = 4

/** Of an id that goes into addresses: nothing that leads elsewhere in one. */
const usableId = /^\w[\w.~-]{0,127}$/

/**
 * Creates and stores under a creation that was just taken; null when it took too long and another worker took over.
 *
 * @internal
 */
export async function createSession(
  context: CreateContext,
  { upstream }: Upstream,
  { creation, seen }: { readonly creation: Creation; readonly seen: SessionRow },
): Promise<string | null> {
  const { tables, onOrphan } = context
  const { conversationId, key } = creation
  const keys: string[] = []
  let sessionId: string
  try {
    for (const old of splitKeys(seen.keys)) {
      if (!(await isCleared(context, upstream, { conversationId, key: old }))) keys.push(old)
    }
    sessionId = idOf(await upstream.create({ key, title: seen.title }), creation)
  } catch (error) {
    const isOurs = await endCreation(tables, creation, null).catch(() => true)
    // Who took the creation over has looked for our key already, and will not again.
    if (!isOurs) await isCleared(context, upstream, creation).catch(() => false)
    throw error
  }
  if (await store(context, upstream, { creation, sessionId, keys })) return sessionId
  await discardSession(onOrphan, upstream, { conversationId, sessionId })
  return null
}

async function store(
  { tables, createMs, onOrphan }: CreateContext,
  upstream: SessionUpstream,
  {
    creation,
    sessionId,
    keys,
  }: {
    readonly creation: Creation
    readonly sessionId: string
    readonly keys: readonly string[]
  },
): Promise<boolean> {
  const { conversationId } = creation
  try {
    const expiredSince = tables.clock.now() - createMs
    return await endCreation(tables, creation, { sessionId, keys, expiredSince })
  } catch (error) {
    if (SessionError.is(error) && isDuplicate(error.cause)) {
      // It is not ours to delete.
      await endCreation(tables, creation, null).catch(() => false)
      throw new SessionError(
        'session_create_failed',
        `The upstream answered the creation for conversation ${conversationId} with a session that another conversation has: \`create\` must make a new one for each call.`,
        { cause: error },
      )
    }
    // The statement may have taken effect before the connection broke; deleting now could delete the row's session.
    const isStored = await confirmSession(tables, { conversationId, sessionId }).catch(
      () => undefined,
    )
    if (isStored === true) return true
    if (isStored === false) await discardSession(onOrphan, upstream, { conversationId, sessionId })
    throw error
  }
}

/**
 * Deletes what a creation left that did not end. False when its key must be kept: not all sessions could be looked
 * at, or one could not be deleted.
 */
async function isCleared(
  { onOrphan }: CreateContext,
  upstream: SessionUpstream,
  { conversationId, key }: Pick<Creation, 'conversationId' | 'key'>,
): Promise<boolean> {
  for (let count = 0; count < maxLeftoversPerKey; count += 1) {
    const found: unknown = upstream.find === undefined ? 'incomplete' : await upstream.find(key)
    if (found === null || found === undefined) return true
    const sessionId = usableIdOf(found)
    if (sessionId === null) return false
    if (!(await discardSession(onOrphan, upstream, { conversationId, sessionId }))) return false
  }
  return false
}

function idOf(created: unknown, { conversationId }: Creation): string {
  const id = usableIdOf(created)
  if (id !== null) return id
  throw new SessionError(
    'session_create_failed',
    `The upstream created a session for conversation ${conversationId} without a usable id: letters, digits and \`_.~-\`, at most 128.`,
  )
}

/** Whatever the upstream answered. */
function usableIdOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || !('id' in answer)) return null
  return typeof answer.id === 'string' && usableId.test(answer.id) ? answer.id : null
}
