/** Tokens of one step or one run. */
export interface CliTokens {
  readonly input: number
  readonly output: number
  readonly reasoning: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** What every event has. */
interface CliEventBase {
  /** When the command line tool printed it, in milliseconds since the Unix epoch. */
  readonly timestamp: number
  /** The session of this run. */
  readonly sessionId: string
  /** The whole line as it was parsed. */
  readonly raw: Readonly<Record<string, unknown>>
}

/** A finished piece of the answer, or of the reasoning; the tool prints no deltas. */
export interface CliTextEvent extends CliEventBase {
  readonly type: 'text' | 'reasoning'
  readonly text: string
}

/** A tool call that is over. */
export interface CliToolEvent extends CliEventBase {
  readonly type: 'tool_use'
  /** Name of the tool. */
  readonly tool: string
  readonly callId: string
  /** A refused permission is an `error` too, and the run still exits with 0. */
  readonly status: 'completed' | 'error'
  readonly input: unknown
  /** What the tool answered; null when it failed. */
  readonly output: string | null
  /** Why it failed; null when it did not. */
  readonly error: string | null
}

/** A step of the agent begins. */
export interface CliStepStartEvent extends CliEventBase {
  readonly type: 'step_start'
}

/** A step of the agent is over. */
export interface CliStepFinishEvent extends CliEventBase {
  readonly type: 'step_finish'
  /** `stop`: the answer is complete; `tool-calls`: another step was to follow; or the model's own word. */
  readonly reason: string
  /** In US dollars, as far as the server knows the price. */
  readonly cost: number
  readonly tokens: CliTokens
}

/** The run failed. */
export interface CliErrorEvent extends CliEventBase {
  readonly type: 'error'
  /** The server's name for it, such as `APIError`. */
  readonly name: string
  readonly message: string
}

/** A kind that this version does not know, or a line that is not JSON; nothing is dropped. */
export interface CliUnknownEvent extends CliEventBase {
  readonly type: 'unknown'
  /** The line as it was printed. */
  readonly line: string
}

/** One line of `opencode run --format json`. */
export type CliEvent =
  | CliTextEvent
  | CliToolEvent
  | CliStepStartEvent
  | CliStepFinishEvent
  | CliErrorEvent
  | CliUnknownEvent

type Fields = Readonly<Record<string, unknown>>

/** Reads one printed line; never throws. The content is nested under `part`, except for errors. */
export function parseCliEvent(line: string): CliEvent {
  const raw = toFields(parseJson(line))
  const part = toFields(raw['part'])
  const base = { timestamp: toNumber(raw['timestamp']), sessionId: toText(raw['sessionID']), raw }
  switch (raw['type']) {
    case 'text':
    case 'reasoning':
      return { ...base, type: raw['type'], text: toText(part['text']) }
    case 'tool_use':
      return { ...base, type: 'tool_use', ...toolFields(part) }
    case 'step_start':
      return { ...base, type: 'step_start' }
    case 'step_finish': {
      const { reason, cost, tokens } = part
      return {
        ...base,
        type: 'step_finish',
        reason: toText(reason),
        cost: toNumber(cost),
        tokens: toTokens(tokens),
      }
    }
    case 'error': {
      const error = toFields(raw['error'])
      const message = toText(toFields(error['data'])['message']) || toText(error['message'])
      return { ...base, type: 'error', name: toText(error['name']), message }
    }
    default:
      return { ...base, type: 'unknown', line }
  }
}

function toolFields(
  part: Fields,
): Pick<CliToolEvent, 'tool' | 'callId' | 'status' | 'input' | 'output' | 'error'> {
  const state = toFields(part['state'])
  const hasFailed = state['status'] === 'error'
  return {
    tool: toText(part['tool']),
    callId: toText(part['callID']),
    status: hasFailed ? 'error' : 'completed',
    input: state['input'],
    output: hasFailed ? null : toText(state['output']),
    error: hasFailed ? toText(state['error']) : null,
  }
}

function toTokens(value: unknown): CliTokens {
  const tokens = toFields(value)
  const cache = toFields(tokens['cache'])
  return {
    input: toNumber(tokens['input']),
    output: toNumber(tokens['output']),
    reasoning: toNumber(tokens['reasoning']),
    cacheRead: toNumber(cache['read']),
    cacheWrite: toNumber(cache['write']),
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function toNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
