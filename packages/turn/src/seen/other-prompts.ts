import type { RowId } from '../ports/rows.js'

/** Prompts in the session of a turn that are not its own. */
export interface OtherPrompts {
  /** Another turn of the host asks this prompt in the same session. */
  know(promptId: string, turnId: RowId): void
  /** Whose a prompt is; null when it is of no other turn that is known. */
  turnOf(promptId: string | null): RowId | null
  /** Notes what a list of the session's messages shows, given which of them belong to the turn. */
  see(messages: readonly ListedMessage[], own: OwnMessages): void
  /** Turns whose messages were given to the agent while this one ran, in order. */
  readonly steered: readonly RowId[]
  /** User messages that came after the turn's prompt and are of no turn that is known, in order. */
  readonly foreign: readonly string[]
}

/** A message as the server lists it. */
export interface ListedMessage {
  readonly info: {
    readonly id: string
    readonly role: string
    readonly time?: { readonly created?: number }
  }
}

/** Which messages are a turn's own. */
export interface OwnMessages {
  readonly promptId: string
  owns(messageId: string): boolean
}

/** What is kept of those of a client that never stops. */
const mostForeign = 100

export function createOtherPrompts(): OtherPrompts {
  const turns = new Map<string, RowId>()
  const foreign = new Set<string>()
  /** When the turn began, by the server's clock. */
  let since: number | null = null
  return {
    know(promptId, turnId) {
      turns.set(promptId, turnId)
      foreign.delete(promptId)
    },
    turnOf: (promptId) => (promptId === null ? null : (turns.get(promptId) ?? null)),
    see(messages, own) {
      for (const { info } of messages) {
        const isOwn = own.owns(info.id)
        const created = info.time?.created ?? null
        if (isOwn && created !== null) since = Math.min(since ?? created, created)
      }
      if (since === null) return
      for (const { info } of messages) {
        if (info.role !== 'user' || own.owns(info.id) || turns.has(info.id)) foreign.delete(info.id)
        else if ((info.time?.created ?? -1) >= since && foreign.size < mostForeign) {
          foreign.add(info.id)
        }
      }
    },
    get steered() {
      return [...turns.values()]
    },
    get foreign() {
      return [...foreign]
    },
  }
}
