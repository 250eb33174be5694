import type { AskChange, AskDecision, AskQuestion, AskRecord, OpenAsk } from '../ask-records.js'

/** More of one turn are forgotten, those that are over and oldest first. */
const mostAsks = 500
/** More of one text is of no use to a person, and may be more than the row takes. */
const longestText = 20_000
const mostPatterns = 200

/** Who decided what. */
export interface Decided {
  readonly decision: AskDecision
  readonly by: string | null
  readonly rule: string | null
}

/** The asks after the changes; the very same list when they change nothing. */
export function mergeAsks(
  asks: readonly AskRecord[],
  changes: readonly AskChange[],
  now: number,
): readonly AskRecord[] {
  let merged = asks
  for (const change of changes) merged = mergeOne(merged, change, now)
  return merged
}

function mergeOne(
  asks: readonly AskRecord[],
  change: AskChange,
  now: number,
): readonly AskRecord[] {
  switch (change.type) {
    case 'opened': {
      const isKnown = asks.some(({ id }) => id === change.ask.id)
      return isKnown ? asks : withinLimit([...asks, opened(change.ask)])
    }
    case 'decided': {
      const { askId, decision, by, rule = null } = change
      return decideAsk(asks, askId, { decision, by, rule }, now)
    }
    case 'sending':
      return replaceAsk(asks, change.askId, ({ state, triedAt }) =>
        state === 'answered' && (triedAt ?? null) === null ? { triedAt: now } : null,
      )
    case 'sent':
      return replaceAsk(asks, change.askId, ({ state }) =>
        state === 'answered' ? { state: 'sent', sentAt: now } : null,
      )
    case 'closed':
      return replaceAsk(asks, change.askId, ({ state }) =>
        state === 'open' || (state === 'answered' && change.unless !== 'answered')
          ? { state: 'closed', closedAt: now }
          : null,
      )
  }
}

/** The asks with a decision on an open one; the very same list when it is not open. */
export function decideAsk(
  asks: readonly AskRecord[],
  askId: string,
  { decision, by, rule }: Decided,
  now: number,
): readonly AskRecord[] {
  return replaceAsk(asks, askId, ({ state }) =>
    state === 'open'
      ? { state: 'answered', decision, answeredBy: by, rule, answeredAt: now }
      : null,
  )
}

/** Since when the oldest ask waits for an answer; null when none does. */
export function oldestWaiting(asks: readonly AskRecord[]): number | null {
  const times = asks.flatMap(({ state, askedAt }) => (state === 'open' ? [askedAt] : []))
  return times.length === 0 ? null : Math.min(...times)
}

/** The asks of a turn that is over: what was not sent by then never will be. */
export function closedByEnd(
  asks: readonly AskRecord[],
  settledAt: number | null,
): readonly AskRecord[] {
  return asks.map((ask) =>
    ask.state === 'open' || ask.state === 'answered'
      ? { ...ask, state: 'closed', closedAt: settledAt }
      : ask,
  )
}

type Progress = Partial<
  Pick<
    AskRecord,
    'state' | 'decision' | 'answeredBy' | 'rule' | 'answeredAt' | 'triedAt' | 'sentAt' | 'closedAt'
  >
>

function replaceAsk(
  asks: readonly AskRecord[],
  askId: string,
  progress: (ask: AskRecord) => Progress | null,
): readonly AskRecord[] {
  const index = asks.findIndex(({ id }) => id === askId)
  const ask = asks[index]
  const changed = ask === undefined ? null : progress(ask)
  return ask === undefined || changed === null ? asks : asks.with(index, { ...ask, ...changed })
}

function opened(ask: OpenAsk): AskRecord {
  const { id, sessionId, callId, askedAt } = ask
  const record = {
    id,
    sessionId,
    callId,
    askedAt,
    state: 'open',
    decision: null,
    answeredBy: null,
    rule: null,
    answeredAt: null,
    triedAt: null,
    sentAt: null,
    closedAt: null,
  } as const
  if (ask.kind === 'question') {
    const questions = ask.questions.map(cutQuestion)
    return { ...record, kind: ask.kind, questions }
  }
  const patterns = ask.patterns.slice(0, mostPatterns).map(cut)
  return { ...record, kind: ask.kind, permission: cut(ask.permission), patterns }
}

/** All of them stay: there is one answer for each. */
function cutQuestion(question: AskQuestion): AskQuestion {
  const options = question.options.map(({ label, description }) => ({
    label: cut(label),
    description: cut(description),
  }))
  return { ...question, text: cut(question.text), header: cut(question.header), options }
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}…`
}

function withinLimit(asks: readonly AskRecord[]): readonly AskRecord[] {
  if (asks.length <= mostAsks) return asks
  const index = asks.findIndex(({ state }) => state === 'sent' || state === 'closed')
  return index === -1 ? asks : asks.toSpliced(index, 1)
}
