import type { PathOptions } from '@turnstead/reply/server-sent-events'
import type { UiMessageOptions } from '@turnstead/reply/ui-message-stream'
import type { AnswerRequest, AnswerResult } from '../ask-records.js'
import type { Clock } from '../clock.js'
import type { ErrorContext } from '../errors.js'
import type { GlanceStore } from '../live/row-watch.js'
import type { Delivery, LeftTurn, Notifier, RowId, TurnStore } from '../ports.js'

/** The rows, as far as the routes use them. */
export interface RouteStore
  extends GlanceStore, Pick<TurnStore, 'cancel' | 'enqueue' | 'withdraw'> {
  answerAsk(request: AnswerRequest): Promise<AnswerResult>
}

/**
 * What someone wants to do, to a conversation or to one of its turns. Ids are as the URL has them, or the body of
 * `useChat`, which names the conversation there: any text. No other body is read before this is decided.
 */
export type RouteAccess = {
  readonly request: Request
  /** `follow` is also said of a conversation, by `useChat` that asks for what runs there. */
  readonly action: 'start' | 'follow' | 'stop' | 'answer' | 'files'
} & (
  | { readonly conversationId: string; readonly turnId?: never }
  | { readonly turnId: string; readonly conversationId?: never }
)

/** A turn to be begun. */
export interface BeginRequest<UserId extends RowId = RowId> {
  readonly request: Request
  readonly conversationId: string
  readonly userId: UserId
  /** What the user wrote. Blank only in a message of `useChat` that has other parts, such as files. */
  readonly text: string
  /**
   * How the message is to reach the agent if a turn runs, by `delivery` of the body: after it, or with its next step. The routes put the
   * row in the line when it was made; that needs what is asked in the row (`turn_input`).
   */
  readonly delivery: Delivery
  /** The whole body, for what else the host takes from it. The browser may have put anything there. */
  readonly body: Readonly<Record<string, unknown>>
}

/** A file as a browser sees it. */
export interface RouteFile {
  readonly id: string
  /** For showing. */
  readonly path: string
  readonly name: string
  readonly contentType: string
  readonly sizeBytes: number
}

/**
 * The files of turns. `createMessageArtifacts` of `@turnstead/artifacts` has the first two, `artifactResponse` makes the third:
 * `{ ...artifacts, respond: (request, { key }) => artifactResponse(request, { store, key }) }`.
 */
export interface RouteFiles<File extends RouteFile = RouteFile> {
  list(turnId: string, options: { readonly signal: AbortSignal }): AsyncIterable<File>
  /** Null when the turn has none such; the id is any text. */
  find(
    turnId: string,
    fileId: string,
    options: { readonly signal: AbortSignal },
  ): Promise<File | null>
  /** Answers GET and HEAD. */
  respond(request: Request, file: File): Promise<Response>
}

/** Options of `createTurnRoutes`. */
export interface TurnRoutesOptions<
  UserId extends RowId = RowId,
  File extends RouteFile = RouteFile,
> {
  readonly store: RouteStore
  /** Brings text and news at once; the worker has the same. Without it they come at the pace of `pollMs` and of snapshots. */
  readonly notifier?: Notifier | undefined
  /**
   * Who asks, when this person may do this; no route is reached without it. Null or false is answered 404, as what does not exist is.
   * Look up the id with the user's own in one condition, and refuse a text that is no id of yours.
   */
  readonly authorize: (
    access: RouteAccess,
  ) =>
    | Promise<{ readonly userId: UserId } | null | false>
    | { readonly userId: UserId }
    | null
    | false
  /**
   * The host's transaction: an empty row for the answer, `pending`, with what is asked, and the job of a queue. The id of that row,
   * or an answer of the host's own, such as 429.
   */
  readonly begin: (begin: BeginRequest<UserId>) => Promise<RowId | Response>
  /**
   * The newest turn of a conversation that is not over, if there is one. `useChat` resumes by it; without it the routes below
   * `/chat` are not there.
   */
  readonly openTurn?: (conversationId: string) => Promise<RowId | null | undefined>
  /**
   * A turn that waited without a worker was answered, or stopped: have it run again, by the job of your queue. Default: a worker finds it
   * with its next sweep.
   */
  readonly onDue?: (turn: LeftTurn) => void | Promise<void>
  /** Without it the routes of files are not there. */
  readonly files?: RouteFiles<File>
  /** The path below which the routes are, as the browser's URL has it: `/agent`. Default: none. */
  readonly prefix?: string
  /** The longest body that is read; a longer one is answered 413. `useChat` sends the whole conversation. Default 4,194,304. */
  readonly maxBodyBytes?: number
  /** How replies are shown. */
  readonly views?: PathOptions & Pick<UiMessageOptions, 'version' | 'messageMetadata' | 'errorText'>
  /** As of `followTurn`. */
  readonly pollMs?: number
  /** Default: the clock of the machine. */
  readonly clock?: Clock
  /** What was answered 500, and what following a turn survived. Default: nothing happens. */
  readonly onError?: (error: unknown, context: ErrorContext) => void
}
