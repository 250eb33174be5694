import type { Client } from '@turnstead/wire'

/** What a turn uses of `wire`'s client; a host may hand in anything of the same shape. */
export type TurnClient = Pick<Client, 'session' | 'permission' | 'question' | 'events'>

/** Id of a host's row. */
export type RowId = string | number

export type TurnStatus = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'

/** The right to run one conversation's turn. Every write repeats its fence. */
export interface Lease {
  readonly conversationId: RowId
  readonly turnId: RowId
  readonly owner: string
  readonly fence: number
  readonly expiresAt: number
}

/** The prompt as chosen and stored before the first send. */
export interface PromptRecord {
  /** The user message's id on the server (`msg_…`). */
  readonly id: string
  /** The upstream session it was chosen for; the id must never be used in another one. */
  readonly sessionId: string
  /** One id per part (`prt_…`): with them the same send again is the same prompt. */
  readonly partIds: readonly string[]
  /** How often it was run again on purpose, after the server lost a run. */
  readonly runs: number
}

/** Token counts of a turn. */
export interface Tokens {
  readonly input: number
  readonly output: number
  readonly reasoning: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** The turn's row as the store reads it. */
export interface StoredTurn {
  readonly turnId: RowId
  readonly conversationId: RowId
  readonly status: TurnStatus
  readonly prompt: PromptRecord | null
  /** The reply as JSON (`Reply.toJSON()`), null before the first snapshot. */
  readonly reply: unknown
  readonly text: string | null
  readonly cost: number | null
  readonly tokens: Tokens | null
  readonly error: { readonly code: string; readonly message: string } | null
}

/** The terminal write of a turn. */
export interface Settlement {
  readonly status: 'completed' | 'failed' | 'cancelled'
  readonly reason: string | null
  readonly reply: unknown
  readonly text: string
  readonly reasoning: string | null
  readonly cost: number
  readonly tokens: Tokens
  readonly error: { readonly code: string; readonly message: string } | null
  readonly finish: string | null
}

/** What a turn asks of OpenCode on behalf of the row that owns the session. */
export interface SessionUpstream {
  create(mint: {
    readonly token: string
    readonly title: string | null
  }): Promise<{ readonly id: string }>
  delete(sessionId: string): Promise<void>
  abort(sessionId: string): Promise<void>
  find(token: string): Promise<{ readonly id: string } | null>
}

/** The rows. `@turnstead/session` implements it; any store of the same shape will do. */
export interface TurnStore {
  /** Takes the turn lease and moves the row from `pending` to `running`. */
  claim(request: {
    readonly conversationId: RowId
    readonly turnId: RowId
    readonly owner: string
    readonly leaseMs: number
  }): Promise<
    | { readonly claimed: true; readonly lease: Lease; readonly turn: StoredTurn }
    | {
        readonly claimed: false
        readonly reason: 'busy' | 'settled' | 'missing'
        readonly turn: StoredTurn | null
      }
  >
  /** Extends the lease; tells of a cancel by a person and of a lease that another worker took. */
  renew(
    lease: Lease,
    options: { readonly leaseMs: number },
  ): Promise<{ readonly held: boolean; readonly status: TurnStatus }>
  release(lease: Lease): Promise<void>
  /** False when the lease was lost; then nothing may be sent. */
  recordPrompt(lease: Lease, prompt: PromptRecord): Promise<boolean>
  snapshot(
    lease: Lease,
    fields: { readonly reply: unknown; readonly text: string },
  ): Promise<boolean>
  /** Compare-and-set out of `running`; false when somebody else settled the row or took the lease. */
  settle(lease: Lease, settlement: Settlement): Promise<boolean>
  /** Keeps the partial reply of a turn that a person cancelled; its status stays. */
  keepPartial(
    lease: Lease,
    fields: Pick<Settlement, 'reply' | 'text' | 'reasoning' | 'cost' | 'tokens'>,
  ): Promise<boolean>
  read(turnId: RowId): Promise<StoredTurn | null>
  ensureSession(
    conversationId: RowId,
    upstream: SessionUpstream,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly sessionId: string; readonly created: boolean }>
  recreateSession(
    conversationId: RowId,
    staleSessionId: string,
    upstream: SessionUpstream,
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly sessionId: string; readonly created: boolean }>
}

/** Takes the files that a turn's tools produced. `@turnstead/artifacts` implements it. */
export interface ArtifactCollector<Report = unknown> {
  collect(request: {
    readonly turnId: RowId
    readonly conversationId: RowId
    readonly tools: readonly unknown[]
    readonly signal?: AbortSignal
  }): Promise<Report>
}

/** Chooses the ids of a prompt. */
export interface IdSource {
  messageId(): string
  partId(): string
}
