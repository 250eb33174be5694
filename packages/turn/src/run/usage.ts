import { sumTokens, type Usage } from '../budgets.js'
import type { SteadyClock } from '../clock.js'
import type { Tokens } from '../ports.js'

/** What a reply cost, or several together. */
export interface Spent {
  readonly cost: number
  readonly tokens: Tokens
}

/** What the turn has used of its budgets. */
export interface UsageMeter {
  read(): Usage
  /** From the first send to the first text; null when none came or when another process had sent. */
  readonly timeToFirstTokenMs: number | null
  /** This process has begun to send the prompt. */
  readonly hasSent: boolean
  /** What earlier prompts of this turn cost: a session that was created again starts a new prompt. */
  readonly earlier: Spent
  /** Cost and tokens of the whole turn, given those of the current reply. */
  total(reply: Spent): Spent
  /** A send begins. */
  sending(): void
  /** The server has the prompt. */
  sent(): void
  /** The agent showed itself; events of the user's own message are no sign of it. */
  agentSeen(): void
  progressed(): void
  /** A text grew. */
  textArrived(): void
  stepFinished(): void
  /** The current reply has cost so much so far. */
  spent(reply: Spent): void
  /** Adds the current reply to what earlier prompts cost. */
  carryOver(reply: Spent): void
  /** The server waits before it asks the provider again. */
  retrying(): void
  /** The model is asked again. */
  working(): void
  /** A tool of the agent runs, or does not run any more. */
  toolRuns(id: string, isRunning: boolean): void
  /** The server lost the run: what ran in it will never end. */
  runLost(): void
  /** Whether a person is waited for. */
  blocked(isBlocked: boolean): void
}

const noTokens: Tokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

/** Starts counting; what earlier workers used of the turn is given. */
export function createUsage(
  clock: SteadyClock,
  before: { readonly earlier: Spent | null; readonly reply: Spent; readonly steps: number },
): UsageMeter {
  let earlier = before.earlier ?? { cost: 0, tokens: noTokens }
  let current = before.reply
  let sendBeganAt: number | null = null
  let timeToFirstTokenMs: number | null = null
  const startedAt = clock.now()
  const tools = new Set<string>()
  // Changed in place: every piece of a text does.
  const usage: { -readonly [Name in keyof Omit<Usage, 'cost' | 'tokens'>]: Usage[Name] } = {
    startedAt,
    sentAt: null,
    firstEventAt: null,
    progressAt: startedAt,
    toolsSince: null,
    retryingSince: null,
    retriedMs: 0,
    blockedSince: null,
    blockedMs: 0,
    steps: before.steps,
  }
  const agentSeen = (): void => {
    usage.firstEventAt ??= clock.now()
  }
  const progressedAt = (now: number): void => {
    usage.progressAt = now
    usage.retryingSince = null
    usage.retriedMs = 0
  }
  const progressed = (): void => {
    const now = clock.now()
    usage.firstEventAt ??= now
    progressedAt(now)
  }
  const toolsChanged = (): void => {
    const isRunning = tools.size > 0
    if (isRunning === (usage.toolsSince !== null)) return
    const now = clock.now()
    usage.toolsSince = isRunning ? now : null
    if (!isRunning) usage.progressAt = now
  }
  const total = (reply: Spent): Spent => sum(earlier, reply)

  return {
    read: () => {
      const { cost, tokens } = total(current)
      // What is copied comes last: to an object that begins as a copy, V8 adds fields many times slower.
      return { cost, tokens: sumTokens(tokens), ...usage }
    },
    get timeToFirstTokenMs() {
      return timeToFirstTokenMs
    },
    get hasSent() {
      return sendBeganAt !== null
    },
    get earlier() {
      return earlier
    },
    total,
    sending() {
      sendBeganAt ??= clock.now()
    },
    sent() {
      const now = clock.now()
      usage.sentAt = now
      progressedAt(now)
    },
    agentSeen,
    progressed,
    textArrived() {
      progressed()
      if (sendBeganAt !== null) timeToFirstTokenMs ??= usage.progressAt - sendBeganAt
    },
    stepFinished() {
      progressed()
      usage.steps += 1
    },
    spent(reply) {
      current = reply
    },
    carryOver(reply) {
      earlier = total(reply)
      current = { cost: 0, tokens: noTokens }
    },
    retrying() {
      agentSeen()
      usage.retryingSince ??= clock.now()
    },
    working() {
      if (usage.retryingSince === null) return
      usage.retriedMs += clock.now() - usage.retryingSince
      usage.retryingSince = null
    },
    toolRuns(id, isRunning) {
      if (isRunning) tools.add(id)
      else tools.delete(id)
      toolsChanged()
    },
    runLost() {
      tools.clear()
      toolsChanged()
    },
    blocked(isBlocked) {
      const now = clock.now()
      const { blockedSince } = usage
      if (isBlocked === (blockedSince !== null)) return
      usage.blockedSince = isBlocked ? now : null
      if (isBlocked) return
      usage.blockedMs += now - (blockedSince ?? now)
      usage.progressAt = now
    },
  }
}

function sum(one: Spent, other: Spent): Spent {
  return combine(one, other, (left, right) => left + right)
}

/** What is left of the whole without this part; never less than nothing. */
export function rest(whole: Spent, part: Spent): Spent {
  return combine(whole, part, (left, right) => Math.max(0, left - right))
}

function combine(one: Spent, other: Spent, by: (left: number, right: number) => number): Spent {
  return {
    cost: by(one.cost, other.cost),
    tokens: {
      input: by(one.tokens.input, other.tokens.input),
      output: by(one.tokens.output, other.tokens.output),
      reasoning: by(one.tokens.reasoning, other.tokens.reasoning),
      cacheRead: by(one.tokens.cacheRead, other.tokens.cacheRead),
      cacheWrite: by(one.tokens.cacheWrite, other.tokens.cacheWrite),
    },
  }
}
