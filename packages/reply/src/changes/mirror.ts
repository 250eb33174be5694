import type { Outcome, OutcomeOptions } from '../records/outcome.js'
import type { ReplyView } from '../records/reply-view.js'
import { noTokens } from '../records/tokens.js'
import { emptyWorkspace } from '../records/workspace.js'
import type { ChangeBody } from './change.js'
import { ChangeFeed } from './change-feed.js'
import { changesBetween } from './changes-between.js'
import { foldChange } from './fold-change.js'
import type { ObserverErrorHandler } from './observer.js'
import type { ReplySource } from './reply-source.js'

/** A reply that is written elsewhere, as views and changes of it arrive here. It begins empty. */
export interface ReplyMirror extends ReplySource {
  /** Brings it to this view; observers are told only what differs. */
  show(view: ReplyView, from?: { readonly directory?: string | null }): void
  /** Applies the next changes of the original. They are numbered anew. */
  fold(changes: readonly ChangeBody[]): void
  /** What `outcome` says from now on: who settled the turn knows it. */
  conclude(outcome: Outcome): void
}

/** Options of {@link createReplyMirror}. */
export interface ReplyMirrorOptions {
  /** See `ReplySource.name`. */
  readonly name?: string
  /** Called with what an observer threw or rejected with; default: nothing happens. */
  readonly onObserverError?: ObserverErrorHandler
}

/**
 * A source for every view of this package, fed with what another process tells of its reply.
 *
 * @example
 * ```ts
 * const mirror = createReplyMirror()
 * mirror.show(parseReply(row.reply).view())
 * socket.on('changes', (changes) => mirror.fold(changes))
 * ```
 */
export function createReplyMirror(options: ReplyMirrorOptions = {}): ReplyMirror {
  const feed = new ChangeFeed()
  feed.onObserverError = options.onObserverError ?? null
  let view = emptyView
  let directory: string | null = null
  let concluded: Outcome | null = null

  const fold = (changes: readonly ChangeBody[]): void => {
    for (const change of changes) {
      // Built for the view in any case, so the feed need not build its own.
      feed.announce(() => ({ ...change }))
      view = foldChange(view, { ...change, revision: feed.revision })
    }
    feed.deliver()
  }
  return {
    ...(options.name === undefined ? {} : { name: options.name }),
    get sessionId() {
      return view.sessionId
    },
    get promptId() {
      return view.promptId
    },
    get directory() {
      return directory
    },
    get revision() {
      return feed.revision
    },
    view: () => view,
    outcome: (outcomeOptions = {}) => concluded ?? outcomeOf(view, outcomeOptions),
    observe: (observer) => feed.observe(observer),
    show(next, from = {}) {
      directory = from.directory ?? directory
      fold(changesBetween(view, next))
    },
    fold,
    conclude(outcome) {
      concluded = outcome
    },
  }
}

const emptyView: ReplyView = Object.freeze({
  revision: 0,
  sessionId: '',
  promptId: '',
  status: null,
  parts: [],
  children: [],
  messages: [],
  asks: [],
  todos: [],
  cost: 0,
  tokens: noTokens,
  error: null,
  workspace: emptyWorkspace,
  anomalies: [],
})

/** Until it is concluded the original is at work, whatever its messages say: only its own process can judge them. */
function outcomeOf(view: ReplyView, { sessionIdle }: OutcomeOptions): Outcome {
  const last = view.messages.findLast(({ sessionId }) => sessionId === view.sessionId)
  if (last === undefined) return { state: 'unknown', error: view.error, answeredBy: null }
  return {
    state: 'running',
    messageId: last.id,
    interrupted: sessionIdle === true,
    blocked: view.asks.some(({ state }) => state === 'open'),
    answeredBy: null,
    background: [],
  }
}
