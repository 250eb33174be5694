import type { Attempt } from '../../script/plan.js'
import type { TextStep, ToolStep } from '../../script/steps.js'
import { asRecord } from '../state/records.js'
import type { MessageRecord, Part, SessionRecord } from '../state/records.js'
import { announceTool, prepareTool } from './tool-run.js'
import type { ToolCall } from '../tools/tool-context.js'
import { putPart, tellDelta, type World } from '../state/world.js'

/** What one attempt of a model has said so far: open parts and announced tool calls. */
export interface Speech {
  /** Plays everything the attempt says; stops early when `signal` is aborted. */
  play(attempt: Attempt): Promise<void>
  /** Ends open parts, with their text. */
  finish(): void
  /** Calls in the order in which they were made. */
  readonly calls: readonly ToolCall[]
  /** Whether anything was said at all. */
  readonly hasSpoken: boolean
}

interface OpenPart {
  readonly part: Part
  readonly startedAt: number
  text: string
}

/**
 * Makes a {@link Speech}. All text of an attempt is one part; each stretch of reasoning is a part of its own. The
 * server stores a text only when its part ends, so the stored part stays empty meanwhile.
 */
export function createSpeech(
  world: World,
  session: SessionRecord,
  message: MessageRecord,
  options: {
    readonly signal: AbortSignal
    readonly onPause: () => void
    /** A call was made for the third time in a row; resolves when it may go on. */
    readonly onRepeat: (call: ToolCall) => Promise<void>
    readonly nextCallId: () => string
  },
): Speech {
  const calls: ToolCall[] = []
  let text: OpenPart | null = null
  let reasoning: OpenPart | null = null

  const open = (type: 'text' | 'reasoning'): OpenPart => {
    const startedAt = world.identity.stamp()
    const part: Part = {
      id: world.identity.id('prt'),
      messageID: message.info.id,
      sessionID: session.info.id,
      type,
      text: '',
      time: { start: startedAt },
    }
    putPart(world, session, part)
    return { part, startedAt, text: '' }
  }
  const close = (opened: OpenPart | null): void => {
    if (!opened) return
    const time = { start: opened.startedAt, end: world.identity.stamp() }
    putPart(world, session, { ...opened.part, text: opened.text, time })
  }
  const closeReasoning = (): void => {
    close(reasoning)
    reasoning = null
  }
  const say = (opened: OpenPart, chunk: string): void => {
    opened.text += chunk
    tellDelta(world, session, opened.part, chunk)
  }
  const speak = async (step: TextStep): Promise<void> => {
    for (const [index, chunk] of step.chunks.entries()) {
      if (index > 0 && step.paceMs > 0) await pause(world, options, step.paceMs)
      options.signal.throwIfAborted()
      if (chunk === '') continue
      if (step.kind === 'reasoning') {
        reasoning ??= open('reasoning')
        say(reasoning, chunk)
      } else {
        closeReasoning()
        text ??= open('text')
        say(text, chunk)
      }
    }
  }
  const callTool = async (step: ToolStep): Promise<void> => {
    closeReasoning()
    const call = prepareTool(world, session, message, step, options.nextCallId())
    calls.push(call)
    if (step.asksFirst === true) {
      options.onPause()
      for (let tick = 0; tick < 20 && !isAsked(world, call); tick += 1) await Promise.resolve()
    }
    announceTool(world, session, call)
    if (isRepeated(calls)) await options.onRepeat(call)
  }

  return {
    calls,
    get hasSpoken() {
      return text !== null || reasoning !== null || calls.length > 0
    },
    async play(attempt) {
      for (const saying of attempt.sayings) {
        options.signal.throwIfAborted()
        if (saying.kind === 'tool') await callTool(saying)
        else if (saying.kind === 'wait') await pause(world, options, saying.ms)
        else if (saying.kind === 'gate') {
          options.onPause()
          await world.gates.pass(saying.name, options.signal)
        } else await speak(saying)
      }
      options.signal.throwIfAborted()
    },
    finish() {
      closeReasoning()
      close(text)
      text = null
    },
  }
}

/** Whether the last three calls of an answer are the same. */
function isRepeated(calls: readonly ToolCall[]): boolean {
  const last = calls.slice(-3).map(({ input, tool }) => JSON.stringify([tool, input]))
  return last.length === 3 && new Set(last).size === 1
}

async function pause(
  world: World,
  options: { readonly signal: AbortSignal; readonly onPause: () => void },
  ms: number,
): Promise<void> {
  options.onPause()
  await world.clock.sleep(ms, { signal: options.signal })
}

/** Whether a person has been asked about a call. */
function isAsked(world: World, call: ToolCall): boolean {
  const pending = [...world.asks.permissions.values(), ...world.asks.questions.values()]
  return pending.some(({ request: { tool } }) => asRecord(tool)?.['callID'] === call.callId)
}
