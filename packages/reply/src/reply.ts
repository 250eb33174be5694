import type { ReplyView } from './records/reply-view.js'
import { recordAnomaly } from './state/anomaly.js'
import { closeReply } from './fold/close.js'
import { addNote } from './fold/note.js'
import type { Note } from './fold/note.js'
import { applyEvent } from './fold/apply.js'
import type { Ask } from './records/ask.js'
import { ownAsks } from './tracking/ask-store.js'
import { derive } from './tracking/derive.js'
import { refreshMembership } from './tracking/membership.js'
import { newState } from './tracking/new-state.js'
import type { ReplySource } from './changes/reply-source.js'
import type { ReplyObserver } from './changes/observer.js'
import { ChangeFeed } from './changes/change-feed.js'
import type { ReplyPart } from './records/part.js'
import { parse } from './view/parse.js'
import { viewOf } from './state/part-view.js'
import { reconcile } from './fold/reconcile.js'
import type { Poll } from './fold/reconcile.js'
import { summarise } from './view/result.js'
import type { ReplyResult } from './view/result.js'
import { isBlocked, outcomeOf } from './view/outcome.js'
import { serialize } from './view/serialize.js'
import type { ReplyJson } from './view/serialize.js'
import { createSerializer } from './view/serializer.js'
import { isVisible } from './state/state.js'
import type { ReplyState } from './state/state.js'
import { buildView } from './view/view.js'

/** Options of {@link createReply} and {@link parseReply}. */
export interface ObserveOptions {
  /** Called with every change from the start. */
  readonly observers?: readonly ReplyObserver[]
  /** Called with what an observer threw or rejected with; default: nothing happens. */
  readonly onObserverError?: (error: unknown, observer: ReplyObserver) => void
}

/** Options of {@link createReply}. */
export interface ReplyOptions extends ObserveOptions {
  /** The session that the prompt was sent to. */
  readonly sessionId: string
  /** The id of the user message that holds the prompt. */
  readonly promptId: string
}

/** The assistant's answer to one prompt, folded from events and polls. Never throws on what the server says. */
export interface Reply extends ReplySource {
  readonly directory: string | null
  /** Parts of the reply's own session, in order. */
  readonly parts: readonly ReplyPart[]
  /** Permissions and questions of this reply, sub-agents included, oldest first. */
  readonly asks: readonly Ask[]
  /** Folds one event of the server, or a gap marker `{ type: 'gap' }`. Events of other sessions change nothing. */
  apply(event: unknown): void
  /** Folds the answer of `GET /session/{id}/message` and of other lists. `undefined` messages: only the lists. */
  reconcile(messages: unknown, poll?: Poll): void
  /** The part with this id, also of a sub-agent; `null` when there is none. */
  part(id: string): ReplyPart | null
  /** Whether a message of the reply's own session belongs to it: the prompt, its answers, and what the server wrote for them. */
  owns(messageId: string): boolean
  /** True while the turn waits for a person. */
  isBlocked(): boolean
  /** What the turn came to so far. */
  result(): ReplyResult
  /**
   * Says that another turn of the host asks this prompt in the same session, and may do so while this run is on. What the server
   * answers to it, and to this one with it, is the other turn's: this reply ends where that begins, completed, and `answeredBy`
   * names the prompt. Without it such an answer is part of both. Part of the JSON.
   */
  handOver(promptId: string): void
  /**
   * Says that the turn is settled. From then on no ask is open (`expired`), no tool runs (`interrupted`), and
   * `outcome` does not say `running`. What is still applied may add to the parts, but opens nothing again. Not undone;
   * part of the JSON.
   */
  close(): void
  /**
   * Shows a part of the host's own, after what there is; the result is its part id. A reply keeps 256 of them.
   *
   * Throws a `TypeError` when the note has no type, a `RangeError` when there are too many.
   */
  note(note: Note): string
  /**
   * Everything there is to know, for `parseReply`, but without the bytes of files: a `data:` address is `null` in the
   * copy until a poll brings it back.
   */
  toJSON(): ReplyJson
  /**
   * The text of the JSON, exactly `JSON.stringify(reply)`. What did not change since the last call is not serialised
   * again, so storing a growing reply often costs what is new.
   */
  serialize(): string
}

/**
 * Begins a reply to a prompt. Throws a `TypeError` that names the id that is missing.
 *
 * @example
 * ```ts
 * const reply = createReply({ sessionId, promptId })
 * for await (const event of subscription) {
 *   reply.apply(event)
 *   if (reply.outcome().state === 'completed') break
 * }
 * ```
 */
export function createReply(options: ReplyOptions): Reply {
  return present(newState(options.sessionId, options.promptId, new ChangeFeed()), options)
}

/** Goes on with a stored reply: what `toJSON` gave, or its text. Throws a `SnapshotError` when it cannot be read. */
export function parseReply(json: unknown, options: ObserveOptions = {}): Reply {
  return present(parse(json, new ChangeFeed()), options)
}

function present(state: ReplyState, options: ObserveOptions): Reply {
  const { feed } = state
  feed.onObserverError = options.onObserverError ?? null
  for (const observer of options.observers ?? []) feed.observe(observer)
  let seen: ReplyView | null = null
  const view = (): ReplyView => {
    if (seen?.revision !== feed.revision) seen = buildView(state)
    return seen
  }
  return {
    sessionId: state.sessionId,
    promptId: state.promptId,
    get directory() {
      return state.directory
    },
    get revision() {
      return feed.revision
    },
    get parts() {
      return view().parts
    },
    get asks() {
      return ownAsks(state)
    },
    apply(event) {
      try {
        applyEvent(state, event)
      } catch {
        noteUnreadable(state)
      }
      feed.deliver()
    },
    reconcile(messages, poll = {}) {
      state.grown = null
      try {
        reconcile(state, messages, poll)
      } catch {
        noteUnreadable(state)
      }
      feed.deliver()
    },
    part: (id) => {
      const part = state.parts.get(id)
      return part !== undefined && isVisible(part) ? viewOf(state, part) : null
    },
    owns: (id) => id === state.promptId || state.root.messages.get(id)?.member === true,
    outcome: (options = {}) => outcomeOf(state, options),
    isBlocked: () => isBlocked(state),
    result: () => summarise(state),
    view,
    handOver(promptId) {
      if (promptId === state.promptId || state.others.has(promptId)) return
      state.grown = null
      state.others.add(promptId)
      refreshMembership(state, state.root)
      derive(state)
      feed.deliver()
    },
    close() {
      closeReply(state)
      feed.deliver()
    },
    note(note) {
      state.grown = null
      const id = addNote(state, note)
      feed.deliver()
      return id
    },
    toJSON: () => serialize(state),
    serialize: createSerializer(state),
    observe: (observer) => feed.observe(observer),
  }
}

/** Input is checked field by field; what still throws is a hostile object, such as a proxy. */
function noteUnreadable(state: ReplyState): void {
  recordAnomaly(state, 'malformed_event', 'unreadable')
}
