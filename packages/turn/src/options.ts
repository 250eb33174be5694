import type { Reply } from '@turnstead/reply'
import { createMessageId, createPartId, type SessionInput } from '@turnstead/wire'
import { type AskPolicy, rejectAsks } from './ask-policy.js'
import { type ErrorContext, reportSafely, type TurnStep } from './errors.js'
import {
  assertBudgets,
  type Budgets,
  type BudgetWarning,
  defaultBudgets,
  patienceWith,
} from './budgets.js'
import { type Clock, steady, type SteadyClock, systemClock } from './clock.js'
import type {
  ArtifactCollector,
  HistoryStore,
  IdSource,
  Notifier,
  RowId,
  TurnClient,
  TurnStore,
} from './ports.js'
import { assertCallbacks } from './ports/callbacks.js'
import { assertChoice, withoutUndefined } from './ports/known-options.js'
import { assertRecovery, defaultRecovery, type Recovery } from './ports/recovery.js'
import { assertServerNames } from './ports/servers.js'
import { assertTiming, defaultTiming, type Timing } from './ports/timing.js'
import { formatOf, type OutputOptions } from './output.js'
import { assertPrompt, type Prompt, splitModel } from './prompt.js'
import type { TurnResult } from './result.js'

/** What a prompt may leave to the host. */
export type PromptDefaults = Pick<Prompt, 'model' | 'variant' | 'system' | 'format'>

/**
 * How the upstream session is made when the conversation has none yet. A change of `permission` later reaches the session
 * with the next turn; of the rest, only new sessions and `agent` have it. `metadata` keeps what is given beside our key.
 */
export interface SessionSetup extends Pick<
  SessionInput,
  'title' | 'permission' | 'parentID' | 'metadata' | 'workspaceID'
> {
  /** The agent of each prompt that names none: the server forgets a session's own. */
  readonly agent?: string
  /** The model, as `"provider/model"` or as the server names it in a session (`{ providerID, id }`). */
  readonly model?: string | NonNullable<SessionInput['model']>
}

/** One of several servers. */
export interface NamedServer {
  /** Unique, and the same in every process: rows name it, in at most 255 characters. */
  readonly name: string
  /** `wire`'s client of it. */
  readonly client: TurnClient
  /** As of a supervised server of `wire`. */
  readonly outageMs?: number
}

/** What a worker process has once and gives to every verb: `{ ...turns, conversationId, turnId, prompt }`. */
export interface TurnPorts<Report = unknown> {
  /**
   * `wire`'s client, or several servers: each conversation is on one of them, a new one on the least busy. With a `history` it moves
   * when its server is drained.
   */
  readonly client: TurnClient | readonly NamedServer[]
  /** The rows. */
  readonly store: TurnStore
  /**
   * A supervised server of `wire`: `budgets.unreachableMs` is then long enough for its supervisor by default. Its `name`, where there
   * are several, is kept with the history.
   */
  readonly server?: { readonly outageMs: number; readonly name?: string }
  /** Shows the reply to other processes while it grows, for `followTurn`. Default: only the rows do. */
  readonly notifier?: Notifier
  /**
   * Keeps what the server knows of each conversation, so that another one, or the same one without its data, can be told. Default:
   * a conversation that its server has lost fails with `session_lost`.
   */
  readonly history?: HistoryStore
  /** Takes the files after the row is settled. */
  readonly artifacts?: ArtifactCollector<Report>
  /**
   * Who holds the lease. Unique to the process, and the same after its restart (`\`${hostname()}-${slot}\``): then it goes on
   * with its own turns without waiting for the end of the lease. Default: a random name.
   */
  readonly owner?: string
  /** Default: the clock of the machine. */
  readonly clock?: Clock
  readonly ids?: IdSource
  /**
   * The W3C `traceparent` of what is going on, or null. The row keeps that of the first claim, so that a resumed turn goes on in its
   * trace. `traceContext` of `@turnstead/otel` is one. Default: none is kept.
   */
  readonly traceContext?: () => string | null
}

/** Everything {@link runTurn} needs. */
export interface TurnOptions<Report = unknown> extends TurnPorts<Report> {
  readonly conversationId: RowId
  /** The row that receives the reply. */
  readonly turnId: RowId
  /** What the user asks. May be left out when the row has it already, from an earlier call or another worker. */
  readonly prompt?: Prompt
  /** What holds for prompts that do not say it themselves. Not kept in the row, so it may change with a deploy. */
  readonly promptDefaults?: PromptDefaults
  /** The form that the answer is to have; `result.output` is then checked and typed. */
  readonly output?: OutputOptions
  readonly session?: SessionSetup
  /** Who answers permissions and questions. Default: {@link rejectAsks}. */
  readonly asks?: AskPolicy
  /** What to do while another worker holds the conversation: return `skipped`, or wait until it is free. Default `return`. */
  readonly onBusy?: 'return' | 'wait'
  readonly timing?: Partial<Timing>
  readonly recovery?: Partial<Recovery>
  readonly budgets?: Partial<Budgets>
  /** Called with the live reply before the first event, and again whenever the session had to be created again. */
  readonly onReply?: (reply: Reply) => void
  /**
   * Called after the row is settled and the files are collected, also for an earlier turn of the conversation that this call
   * settled or finished (see `turnId`). Cannot undo anything. A process that dies right before this call may leave it out, and
   * one whose files or stop had to be done again makes it twice: what must be exact is in the row.
   */
  readonly onSettled?: (result: TurnResult<Report>) => void | Promise<void>
  /** Called once for each of the budgets for cost, tokens, steps and wall time of which `warnShare` is used. */
  readonly onBudgetWarning?: (warning: BudgetWarning) => void
  /**
   * Called when the agent shows life, at most once in `timing.activityMs`: to keep a container warm, or a lease of the host's own. A tool
   * that runs is life, also if it says nothing; while a person is waited for there is none. No one waits for what it returns.
   */
  readonly onActivity?: (activity: TurnActivity) => void | Promise<void>
  /** Called with every error that the turn survived: callbacks, files, lost streams, failed polls. */
  readonly onError?: (error: unknown, context: ErrorContext) => void
  /** The user's cancel: the agent is stopped on the server and the row becomes `cancelled`. */
  readonly cancelSignal?: AbortSignal
  /** Gives this call up, as a queue's shutdown signal does: the turn is left running for the next worker, and the result is `skipped`, `handed_off`. */
  readonly signal?: AbortSignal
}

/** Whose agent shows life. */
export interface TurnActivity {
  readonly turnId: RowId
  readonly conversationId: RowId
  /** The upstream session. */
  readonly sessionId: string
}

/** What the steps of a turn see: the options with every default filled in, without what only its end needs. */
export interface TurnSetup {
  readonly client: TurnClient
  /** Null where there is one; the client is then that of the conversation's server, once it is claimed. */
  readonly servers: readonly NamedServer[] | null
  readonly store: TurnStore
  readonly notifier: Notifier | null
  readonly history: HistoryStore | null
  readonly serverName: string | null
  readonly owner: string
  readonly clock: SteadyClock
  readonly ids: IdSource
  readonly traceContext: (() => string | null) | undefined
  readonly conversationId: RowId
  readonly turnId: RowId
  /** Null when only the row has it. */
  readonly prompt: Prompt | null
  readonly promptDefaults: PromptDefaults
  readonly output: OutputOptions | null
  readonly session: SessionSetup
  readonly asks: AskPolicy
  readonly onBusy: 'return' | 'wait'
  readonly timing: Timing
  readonly recovery: Recovery
  readonly budgets: Budgets
  readonly onReply: ((reply: Reply) => void) | undefined
  readonly onBudgetWarning: ((warning: BudgetWarning) => void) | undefined
  readonly onActivity: ((activity: TurnActivity) => void | Promise<void>) | undefined
  readonly report: (error: unknown, step: TurnStep) => void
  /** The same for another turn of the conversation. */
  readonly reportFor: (turnId: RowId) => TurnSetup['report']
  readonly cancelSignal: AbortSignal | undefined
  readonly signal: AbortSignal | undefined
}

/** @throws TypeError when the prompt is empty or no JSON, RangeError when a number makes no sense. */
export function resolveOptions<Report>(options: TurnOptions<Report>): TurnSetup {
  const { prompt = null } = options
  if (prompt !== null) assertPrompt(prompt)
  if (typeof options.session?.model === 'string') splitModel(options.session.model)
  assertAnswers(options)
  const servers = serversOf(options)
  const timing = { ...defaultTiming, ...withoutUndefined(options.timing ?? {}) }
  assertTiming(timing)
  const recovery = { ...defaultRecovery, ...withoutUndefined(options.recovery ?? {}) }
  assertRecovery(recovery)
  const budgets = {
    ...defaultBudgets,
    unreachableMs: Math.max(...[options.server, ...(servers ?? [])].map(patienceWith)),
    ...withoutUndefined(options.budgets ?? {}),
  }
  assertBudgets(budgets)
  const { conversationId, onError } = options
  const reportFor: TurnSetup['reportFor'] = (turnId) => (error, step) =>
    reportSafely(onError, error, { step, turnId, conversationId })
  return {
    client: servers?.[0]?.client ?? (options.client as TurnClient),
    servers,
    store: options.store,
    notifier: options.notifier ?? null,
    history: options.history ?? null,
    serverName: options.server?.name ?? null,
    owner: options.owner ?? `worker-${globalThis.crypto.randomUUID()}`,
    clock: steady(options.clock ?? systemClock),
    ids: options.ids ?? { messageId: () => createMessageId(), partId: () => createPartId() },
    traceContext: options.traceContext,
    conversationId,
    turnId: options.turnId,
    prompt,
    promptDefaults: defaultsOf(options),
    output: options.output ?? null,
    session: options.session ?? {},
    asks: options.asks ?? rejectAsks,
    onBusy: options.onBusy ?? 'return',
    timing,
    recovery,
    budgets,
    onReply: options.onReply,
    onBudgetWarning: options.onBudgetWarning,
    onActivity: options.onActivity,
    report: reportFor(options.turnId),
    reportFor,
    cancelSignal: options.cancelSignal,
    signal: options.signal,
  }
}

/** @throws TypeError for what cannot be called, and for a word that is none. */
function assertAnswers<Report>(options: TurnOptions<Report>): void {
  const { asks, onBusy = 'return', onReply, onSettled, onBudgetWarning, onActivity } = options
  const { onError } = options
  assertCallbacks({ asks, onReply, onSettled, onBudgetWarning, onActivity, onError })
  assertChoice('onBusy', onBusy, ['return', 'wait'])
}

/** @throws TypeError for names that rows could not tell apart, and for a store that cannot keep them. */
function serversOf({ client, store }: TurnPorts): readonly NamedServer[] | null {
  if (!Array.isArray(client)) return null
  const servers = client as readonly NamedServer[]
  assertServerNames(servers)
  for (const verb of ['placeConversation', 'markedServers', 'serverLoads'] as const) {
    if (store[verb] !== undefined) continue
    throw new TypeError(`\`store\` has no \`${verb}\`, by which it knows several servers`)
  }
  return servers
}

/** The form of the answer is one of the defaults, so it need not be in each row. */
function defaultsOf({
  promptDefaults = {},
  output,
}: Pick<TurnOptions, 'promptDefaults' | 'output'>): PromptDefaults {
  if (typeof promptDefaults.model === 'string') splitModel(promptDefaults.model)
  const format = output === undefined ? undefined : formatOf(output)
  return format === undefined ? promptDefaults : { ...promptDefaults, format }
}
