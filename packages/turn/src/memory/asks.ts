import type { AnswerRequest, AnswerResult, AskChange, AskRecord } from '../ask-records.js'
import type { Clock } from '../clock.js'
import type { Lease } from '../ports.js'
import { isTerminal, type Rows, type Turn, turnOf, turnUnder } from './rows.js'

/** Merges what the worker says into the asks of its turn; null when it does not hold the turn, or the turn is over. */
export function updateAsks(
  rows: Rows,
  clock: Clock,
  lease: Lease,
  changes: readonly AskChange[],
): readonly AskRecord[] | null {
  const turn = turnUnder(rows, lease)
  if (turn?.status !== 'running') return null
  for (const change of changes) apply(turn, change, clock.now())
  return structuredClone(turn.asks)
}

function apply(turn: Turn, change: AskChange, now: number): void {
  const id = change.type === 'opened' ? change.ask.id : change.askId
  const ask = turn.asks.find((each) => each.id === id)
  if (change.type === 'opened') {
    if (ask !== undefined) return
    turn.asks.push(structuredClone({ ...change.ask, ...untouched }))
    turn.asksRevision += 1
    return
  }
  const isOpen = ask?.state === 'open'
  const isAnswered = ask?.state === 'answered'
  if (change.type === 'decided' && isOpen) {
    const { decision, by, rule = null } = change
    replace(turn, { ...ask, ...decided({ decision, by, rule, now }) })
  }
  if (change.type === 'sending' && isAnswered && (ask.triedAt ?? null) === null) {
    replace(turn, { ...ask, triedAt: now })
  }
  if (change.type === 'sent' && isAnswered) replace(turn, { ...ask, state: 'sent', sentAt: now })
  if (change.type === 'closed' && (isOpen || (isAnswered && change.unless !== 'answered'))) {
    replace(turn, { ...ask, state: 'closed', closedAt: now })
  }
}

/** The first answer to an ask of this turn wins. */
export function answerAsk(
  rows: Rows,
  clock: Clock,
  { turnId, askId, decision, by = null }: AnswerRequest,
): AnswerResult {
  const turn = turnOf(rows, turnId)
  const ask = turn?.asks.find((each) => each.id === askId)
  const { action } = readDecision(decision)
  if (turn === undefined || ask === undefined) {
    return { accepted: false, reason: 'missing', ask: null }
  }
  const isOtherKind = action === (ask.kind === 'permission' ? 'answer' : 'allow')
  const isPart =
    ask.kind === 'question' &&
    decision.action === 'answer' &&
    ask.questions.length > 0 &&
    decision.answers.length !== ask.questions.length
  if (isOtherKind || isPart) {
    throw new TypeError(`The ${ask.kind} ${askId} cannot be decided by \`${action}\` like that.`)
  }
  const reason = refusalOf(turn, ask)
  if (reason !== null) {
    const closed = closedByEnd(turn).find((each) => each.id === askId) ?? null
    return structuredClone({ accepted: false, reason, ask: closed })
  }
  const answered: AskRecord = {
    ...ask,
    ...decided({ decision, by, rule: null, now: clock.now() }),
  }
  replace(turn, answered)
  const isParked = turn.status === 'waiting'
  if (isParked) turn.dueAt = clock.now()
  return structuredClone({ accepted: true, ask: answered, isParked })
}

function refusalOf(
  turn: Turn,
  { state }: AskRecord,
): Extract<AnswerResult, { accepted: false }>['reason'] | null {
  if (state === 'answered' || state === 'sent') return 'answered'
  if (isTerminal(turn)) return 'settled'
  return state === 'closed' || turn.status === 'pending' ? 'closed' : null
}

/** Asks as a reader of the row sees them: the end of the turn closes them. */
export function closedByEnd(turn: Turn): readonly AskRecord[] {
  if (!isTerminal(turn)) return turn.asks
  return turn.asks.map((ask) =>
    ask.state === 'open' || ask.state === 'answered'
      ? { ...ask, state: 'closed', closedAt: turn.settledAt }
      : ask,
  )
}

/** Since when the turn waits for a person. */
export function waitingSince(turn: Turn): number | null {
  const open = closedByEnd(turn).filter(({ state }) => state === 'open')
  return open.length === 0 ? null : Math.min(...open.map(({ askedAt }) => askedAt))
}

function replace(turn: Turn, ask: AskRecord): void {
  turn.asks = turn.asks.map((each) => (each.id === ask.id ? ask : each))
  turn.asksRevision += 1
}

function decided({
  decision,
  by,
  rule,
  now,
}: {
  readonly decision: AnswerRequest['decision']
  readonly by: string | null
  readonly rule: string | null
  readonly now: number
}): Pick<AskRecord, 'state' | 'decision' | 'answeredBy' | 'rule' | 'answeredAt'> {
  return { state: 'answered', decision, answeredBy: by, rule, answeredAt: now }
}

function readDecision(decision: unknown): { readonly action: string } {
  const { action, answers, message } = (decision ?? {}) as Readonly<Record<string, unknown>>
  const isLabels = (labels: unknown): boolean =>
    Array.isArray(labels) && labels.every((label) => typeof label === 'string')
  const isKnown = action === 'allow' || action === 'reject' || action === 'answer'
  const isWhole = action !== 'answer' || (Array.isArray(answers) && answers.every(isLabels))
  const isWorded = message === undefined || typeof message === 'string'
  if (isKnown && isWhole && isWorded) return { action }
  throw new TypeError('`decision` must be `allow`, `reject`, or `answer` with lists of labels.')
}

const untouched = {
  state: 'open',
  decision: null,
  answeredBy: null,
  rule: null,
  answeredAt: null,
  triedAt: null,
  sentAt: null,
  closedAt: null,
} as const
