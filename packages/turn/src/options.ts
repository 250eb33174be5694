import type { Reply, ReplyObserver } from '@turnstead/reply'
import { createMessageId, createPartId, type PromptBody, type SessionInput } from '@turnstead/wire'
import type { AskPolicy } from './steps/attend-asks.js'
import { type Budgets, defaultBudgets } from './budgets.js'
import { type Clock, systemClock } from './clock.js'
import type { ArtifactCollector, IdSource, RowId, TurnClient, TurnStore } from './ports.js'
import type { TurnResult } from './result.js'

/** One part of a prompt as the server takes it (text, file, agent, subtask), without an id: the turn chooses it. */
export type PromptPart = WithoutId<PromptBody['parts'][number]>

type WithoutId<Part> = Part extends unknown ? Omit<Part, 'id'> : never

/** What the user asks. */
export interface Prompt {
  /** The user's text; it becomes the first part. */
  readonly text?: string
  /** Further parts, in order. */
  readonly parts?: readonly PromptPart[]
  /** The agent of this prompt. The server forgets an agent between prompts: name it in each. */
  readonly agent?: string
  readonly model?: NonNullable<PromptBody['model']>
  readonly system?: string
  readonly variant?: string
  readonly format?: NonNullable<PromptBody['format']>
}

/** How the upstream session is made when the conversation has none yet. */
export type SessionSetup = Pick<SessionInput, 'title' | 'permission' | 'model'>

/** Everything {@link runTurn} needs. */
export interface TurnOptions<Report = unknown> {
  /** `wire`'s client, bound to the directory of the conversation. */
  readonly client: TurnClient
  /** The rows. */
  readonly store: TurnStore
  readonly conversationId: RowId
  /** The row that receives the reply. */
  readonly turnId: RowId
  readonly prompt: Prompt
  /** Who holds the lease. Give each worker a name that survives its restart: then it may go on at once instead of after the lease's expiry. Default: a random name. */
  readonly owner?: string
  /** How long the turn stays claimed after the worker's last sign of life. Default 30,000 ms. */
  readonly leaseMs?: number
  readonly session?: SessionSetup
  /** Takes the files after the row is settled. */
  readonly artifacts?: ArtifactCollector<Report>
  /** Who answers permissions and questions. Default: {@link rejectAsks}. */
  readonly asks?: AskPolicy
  /** What to do when the server lost a run (crash, restart): ask it the same prompt again, or fail. Default `rerun`. */
  readonly onServerLost?: 'rerun' | 'fail'
  /** How often a prompt may be run again. Default 1. */
  readonly maxReruns?: number
  /** What an answer with neither text nor tools is. Default `fail`. */
  readonly emptyReply?: 'fail' | 'complete'
  readonly budgets?: Partial<Budgets>
  /** Between two looks at the server while the stream is silent. Default 3,000 ms. */
  readonly pollMs?: number
  /** How long an idle server without an ended message is given before the run counts as lost. Default 5,000 ms. */
  readonly graceMs?: number
  /** At most one snapshot of the reply into the row in this time. Default 1,000 ms. */
  readonly snapshotMs?: number
  /** Callbacks for every change of the reply. Their errors go to `onError`. */
  readonly observers?: readonly ReplyObserver[]
  /** Called with the live reply before the first event, and again if the session had to be made anew. */
  readonly onReply?: (reply: Reply) => void
  /** Called after the row is settled and the files are collected. Cannot undo either. */
  readonly onSettled?: (result: TurnResult<Report>) => void | Promise<void>
  /** Hears of every error that the turn survived: callbacks, files, lost streams, failed looks. */
  readonly onError?: (error: unknown, step: TurnStep) => void
  /** The user's cancel: the agent is stopped on the server and the row becomes `cancelled`. */
  readonly cancelSignal?: AbortSignal
  /** Gives this call up, as a queue's shutdown signal does: the turn is left running for the next worker, and the result is `skipped`, `handed_off`. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly ids?: IdSource
}

/** Where an error happened that the turn survived. */
export type TurnStep =
  | 'session'
  | 'prompt'
  | 'settle'
  | 'renew'
  | 'stream'
  | 'poll'
  | 'send'
  | 'asks'
  | 'snapshot'
  | 'stop'
  | 'release'
  | 'artifacts'
  | 'observer'
  | 'callback'

/** What the steps of a turn see: the options with every default filled in, without what only its end needs. */
export type TurnSetup = Omit<TurnOptions, 'artifacts' | 'onSettled' | 'budgets'> &
  Required<Pick<TurnOptions, Defaulted>> & {
    readonly budgets: Budgets
    readonly report: (error: unknown, step: TurnStep) => void
  }

type Defaulted =
  | 'owner'
  | 'leaseMs'
  | 'session'
  | 'asks'
  | 'onServerLost'
  | 'maxReruns'
  | 'emptyReply'
  | 'pollMs'
  | 'graceMs'
  | 'snapshotMs'
  | 'clock'
  | 'ids'

/** @throws TypeError when the prompt is empty, RangeError when a number makes no sense. */
export function resolveOptions<Report>(
  options: TurnOptions<Report>,
  defaults: { readonly asks: AskPolicy },
): TurnSetup {
  const { artifacts: _artifacts, onSettled: _onSettled, budgets, ...rest } = options
  if (!options.prompt.text && !options.prompt.parts?.length) {
    throw new TypeError('`prompt` needs `text` or at least one entry in `parts`')
  }
  for (const name of ['leaseMs', 'pollMs', 'graceMs', 'snapshotMs'] as const) {
    const value = options[name]
    if (value !== undefined && !(value > 0)) {
      throw new RangeError(`\`${name}\` must be a positive number of milliseconds`)
    }
  }
  const { maxReruns = 0 } = options
  if (!(maxReruns >= 0)) {
    throw new RangeError('`maxReruns` must be a number, 0 or more')
  }
  for (const [name, limit] of Object.entries(withoutUndefined(budgets ?? {}))) {
    if (!(limit >= 0)) throw new RangeError(`\`budgets.${name}\` must be a number, 0 or more`)
  }
  return {
    owner: `worker-${globalThis.crypto.randomUUID()}`,
    leaseMs: 30_000,
    session: {},
    asks: defaults.asks,
    onServerLost: 'rerun',
    maxReruns: 1,
    emptyReply: 'fail',
    pollMs: 3_000,
    graceMs: 5_000,
    snapshotMs: 1_000,
    clock: systemClock,
    ids: { messageId: () => createMessageId(), partId: () => createPartId() },
    ...withoutUndefined(rest),
    budgets: { ...defaultBudgets, ...withoutUndefined(budgets ?? {}) },
    report: (error, step) => reportSafely(options.onError, error, step),
  }
}

/** An option that a host passes on as `undefined` was not given; spread over a default it would win. */
function withoutUndefined<Options extends object>(options: Options): Options {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as Options
}

function reportSafely(onError: TurnOptions['onError'], error: unknown, step: TurnStep): void {
  try {
    onError?.(error, step)
  } catch {
    // An error handler that throws must not become the turn's failure; there is nobody left to tell.
  }
}
