import type { Lease, SessionResult } from '../src/index.js'
import { completed, firstPrompt } from '../src/contract/subject.js'
import { type Action, leaseMs, theAsk } from './actions.js'
import { startWorker, type Worker } from './crew.js'
import type { Tally } from './figures.js'
import { type Stage, sweepAll } from './stage.js'

/** A verb that a worker dies in, and what is there before. */
interface Scene {
  readonly verb: Action['verb']
  readonly prepare: (stage: Stage) => Promise<Action>
}

const owner = 'worker-of-before'

async function held(stage: Stage): Promise<Lease> {
  const ids = await stage.add(2)
  const claim = await stage.store.claim({ ...ids, owner, leaseMs })
  if (!claim.claimed) throw new Error('a new turn cannot be claimed')
  return claim.lease
}

async function prompted(stage: Stage): Promise<Lease> {
  const lease = await held(stage)
  await stage.store.recordPrompt(lease, firstPrompt)
  await stage.store.updateAsks(lease, [{ type: 'opened', ask: theAsk }])
  return lease
}

async function withSession(
  stage: Stage,
  conversationId: number,
): Promise<Pick<SessionResult, 'sessionId'>> {
  return stage.store.ensureSession(conversationId, stage.upstream)
}

const onLease = (
  verb: Extract<Action, { readonly lease: Lease }>['verb'],
  before: (stage: Stage, lease: Lease) => Promise<unknown> = async () => undefined,
): Scene => ({
  verb,
  prepare: async (stage) => {
    const lease = await prompted(stage)
    await before(stage, lease)
    return { verb, lease }
  },
})

const onTurn = (verb: 'cancel' | 'read' | 'peek' | 'answerAsk'): Scene => ({
  verb,
  prepare: async (stage) => ({ verb, turnId: Number((await prompted(stage)).turnId) }),
})

const onNew = (verb: 'claim' | 'claimConversation'): Scene => ({
  verb,
  prepare: async (stage) => {
    return { verb, ids: await stage.add() }
  },
})

const scenes: readonly Scene[] = [
  onNew('claim'),
  onNew('claimConversation'),
  onLease('adopt'),
  onLease('renew'),
  onLease('renewAll'),
  onLease('release'),
  onLease('recordPrompt'),
  onLease('snapshot'),
  onLease('settle'),
  onLease('keepPartial', (stage, { turnId }) => stage.store.cancel({ turnId })),
  onLease('closeTurn', (stage, lease) => stage.store.settle(lease, completed)),
  onLease('openAsk'),
  {
    verb: 'noteSession',
    prepare: async (stage) => {
      const lease = await prompted(stage)
      const { sessionId } = await withSession(stage, Number(lease.conversationId))
      return { verb: 'noteSession', lease, sessionId }
    },
  },
  onTurn('cancel'),
  onTurn('read'),
  onTurn('peek'),
  onTurn('answerAsk'),
  {
    verb: 'ensureSession',
    prepare: async (stage) => {
      const { conversationId } = await stage.add()
      return { verb: 'ensureSession', conversationId, times: 1 }
    },
  },
  {
    verb: 'recreateSession',
    prepare: async (stage) => {
      const { conversationId } = await stage.add()
      const { sessionId } = await withSession(stage, conversationId)
      return { verb: 'recreateSession', conversationId, staleSessionId: sessionId }
    },
  },
  {
    verb: 'removeConversation',
    prepare: async (stage) => {
      const { conversationId } = await prompted(stage)
      await withSession(stage, Number(conversationId))
      return { verb: 'removeConversation', conversationId: Number(conversationId) }
    },
  },
  {
    verb: 'sweep',
    prepare: async (stage) => {
      await prompted(stage)
      return { verb: 'sweep' }
    },
  },
]

const mostSteps = 40
const atOnce = 2

/**
 * Kills a worker before each statement and each request of each verb, and after the last; then, an hour later, sweeps. What is not
 * over has to be in the report, and after it was acted on nothing may be left.
 */
export async function killAtEachStep(
  stage: Stage,
  tally: Tally,
  verbs?: readonly string[],
): Promise<void> {
  const todo = scenes.filter(({ verb }) => verbs === undefined || verbs.includes(verb))
  const line = async (): Promise<void> => {
    for (let scene = todo.shift(); scene !== undefined; scene = todo.shift()) {
      await killInScene(stage, scene, tally)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, line))
  await checkAfterSweep(stage, tally)
}

async function killInScene(stage: Stage, { prepare }: Scene, tally: Tally): Promise<void> {
  let worker: Worker | null = null
  for (let killAt = 1; killAt <= mostSteps; killAt += 1) {
    worker ??= await startWorker(stage)
    const outcome = await worker.runToDeath(await prepare(stage), killAt)
    if (outcome === 'survived') break
    tally.tried('kills', 1)
    worker = null
  }
  await worker?.kill()
}

async function checkAfterSweep(stage: Stage, tally: Tally): Promise<void> {
  const { later, upstream, database, server } = stage
  const report = await sweepAll(later, upstream)
  const known = new Set(
    [...report.strandedTurns, ...report.pendingTurns, ...report.unclosedTurns].map(({ turnId }) =>
      Number(turnId),
    ),
  )
  const rows = (await database.knex('messages').select('*')) as Record<string, unknown>[]
  for (const row of rows) {
    if (isDone(row) || known.has(Number(row['id']))) continue
    tally.wrong('stuck_after_sweep', `turn ${String(row['id'])} is ${String(row['turn_status'])}`)
  }
  const leases = await database.knex('conversations').whereNotNull('turn_owner').select('id')
  for (const { id } of leases) tally.wrong('stuck_after_sweep', `conversation ${id} is held`)
  for (const turn of [...report.strandedTurns, ...report.pendingTurns, ...report.unclosedTurns]) {
    await finish(stage, { ...turn })
  }
  const after = await sweepAll(later, upstream)
  for (const { turnId } of [
    ...after.strandedTurns,
    ...after.pendingTurns,
    ...after.unclosedTurns,
  ]) {
    tally.wrong('stuck_after_sweep', `turn ${turnId} could not be finished`)
  }
  const inRows = new Set(
    (
      await database
        .knex('conversations')
        .whereNotNull('opencode_session_id')
        .select('opencode_session_id')
    ).map((row: Record<string, unknown>) => String(row['opencode_session_id'])),
  )
  for (const id of server.sessions.keys()) {
    if (!inRows.has(id)) tally.wrong('orphans_after_sweep', `session ${id}`)
  }
  const lost = new Set(after.lostSessions.map(({ sessionId }) => sessionId))
  for (const id of inRows) {
    const isKnown = server.sessions.has(id) || lost.has(id)
    if (!isKnown) tally.wrong('orphans_after_sweep', `row of session ${id}`)
  }
}

function isDone(row: Readonly<Record<string, unknown>>): boolean {
  const status = row['turn_status']
  if (status === 'pending' || status === 'running') return false
  return row['turn_prompt_id'] === null || row['turn_closed_at'] !== null
}

/** What the host does with a turn that a sweep has reported. */
async function finish(
  { later }: Stage,
  ids: { readonly conversationId: unknown; readonly turnId: unknown },
): Promise<void> {
  const request = { ...(ids as { conversationId: number; turnId: number }), owner: 'host', leaseMs }
  const claim = await later.claim(request)
  if (claim.claimed) {
    await later.settle(claim.lease, completed)
    await later.closeTurn(claim.lease)
    for (const { turnId } of claim.leftovers) await closeLeft(claim.lease, Number(turnId))
    await later.release(claim.lease)
    return
  }
  const { conversationId } = request
  const conversation = await later.claimConversation({ conversationId, owner: 'host', leaseMs })
  if (!conversation.claimed) return
  for (const { turnId } of conversation.leftovers)
    await closeLeft(conversation.lease, Number(turnId))
  await later.release(conversation.lease)

  async function closeLeft(
    lease: Parameters<typeof later.adopt>[0],
    turnId: number,
  ): Promise<void> {
    const adopted = await later.adopt(lease, turnId)
    if (adopted === null) return
    if (adopted.turn.status === 'running') await later.settle(adopted.lease, completed)
    await later.closeTurn(adopted.lease)
  }
}
