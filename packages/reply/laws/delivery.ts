import fc from 'fast-check'
import type { Reply } from '../src/index.js'
import type { History } from './history.js'
import type { ModelPoll } from './server-model.js'

/** What a client meets: each event may come once, twice, late or never, and polls may come in between. */
export interface Delivery {
  readonly history: History
  /** For each event what happens to it; repeated when too short. */
  readonly fates: readonly Fate[]
}

type Fate = 'once' | 'twice' | 'lost' | 'late' | 'gap' | 'poll' | 'slow-poll' | 'page' | 'single'

const fates = fc.constantFrom<Fate>(
  'once',
  'once',
  'once',
  'once',
  'once',
  'twice',
  'lost',
  'late',
  'gap',
  'poll',
  'slow-poll',
  'page',
  'single',
)

/** Any way in which a history may reach a client. */
export function deliveries(histories: fc.Arbitrary<History>): fc.Arbitrary<Delivery> {
  return fc.record({ history: histories, fates: fc.array(fates, { minLength: 1, maxLength: 24 }) })
}

/** Gives a reply everything that the delivery lets through; `after` runs after each step. */
export function deliver(
  reply: Reply,
  { history, fates: plan }: Delivery,
  after: () => void = () => {},
): void {
  const late: unknown[] = []
  const slow: (() => void)[] = []
  for (const [index, event] of history.events.entries()) {
    const fate = plan[index % plan.length]
    if (fate === 'late') late.push(event)
    else if (fate !== 'lost') reply.apply(event)
    if (fate === 'twice') reply.apply(event)
    if (fate === 'gap') reply.apply({ type: 'gap', reason: 'reconnect' })
    if (fate === 'poll') pollAll(reply, history.polls[index + 1])
    if (fate === 'slow-poll') {
      const { revision } = reply
      slow.push(() => pollAll(reply, history.polls[index + 1], { revision }))
    }
    if (fate === 'page' || fate === 'single') {
      const list = history.polls[index + 1]?.messages.get(reply.sessionId) ?? []
      if (fate === 'page') reply.reconcile(list.slice(-2))
      else reply.reconcile(list.slice(index % (list.length + 1)).slice(0, 1), { partial: true })
    }
    if (index % 5 === 4) {
      for (const each of late.splice(0)) reply.apply(each)
      for (const answer of slow.splice(0)) answer()
    }
    after()
  }
  for (const each of late) reply.apply(each)
  after()
}

/** Folds all that a client can poll, as it is advised to do after a gap. */
export function pollAll(
  reply: Reply,
  poll: ModelPoll | undefined,
  { revision = reply.revision } = {},
): void {
  if (poll === undefined) return
  const { sessions, permissions, questions } = poll
  reply.reconcile(poll.messages.get(reply.sessionId) ?? [], {
    revision,
    sessions,
    sessionIdle: poll.idle.has(reply.sessionId),
    todos: poll.todos.get(reply.sessionId) ?? [],
  })
  for (const { sessionId } of reply.view().children) {
    reply.reconcile(poll.messages.get(sessionId) ?? [], { revision, sessionId })
  }
  reply.reconcile(undefined, { revision, permissions, questions })
}
