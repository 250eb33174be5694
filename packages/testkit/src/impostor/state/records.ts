import type { PermissionRule } from './permission-rules.js'

/** Any JSON object. */
export type Json = Record<string, unknown>

/** What the server says of a session; more fields are kept as they are. */
export interface SessionInfo extends Json {
  id: string
  slug: string
  projectID: string
  directory: string
  path: string
  title: string
  version: string
  cost: number
  tokens: TokenCounts
  time: { created: number; updated: number; archived?: number }
  parentID?: string
  agent?: string
  model?: { id: string; providerID: string; variant?: string }
  metadata?: Json
  permission?: readonly PermissionRule[]
  summary?: { additions: number; deletions: number; files: number }
  revert?: Json
}

/** Token counts of a step, a message or a session. */
export interface TokenCounts {
  total?: number
  input: number
  output: number
  reasoning: number
  cache: { read: number; write: number }
}

/** What the server says of a message. */
export interface MessageInfo extends Json {
  id: string
  sessionID: string
  role: 'user' | 'assistant'
  time: { created: number; completed?: number }
  parentID?: string
  agent: string
  cost?: number
  tokens?: TokenCounts
  finish?: string
  error?: Json
  summary?: unknown
}

/** A part of a message. */
export interface Part extends Json {
  id: string
  messageID: string
  sessionID: string
  type: string
}

/** A stored message. */
export interface MessageRecord {
  info: MessageInfo
  readonly parts: Map<string, Part>
  /** Order of first storing, which is the order of the list. */
  readonly storedAt: number
}

/** A stored session. */
export interface SessionRecord {
  info: SessionInfo
  readonly messages: Map<string, MessageRecord>
  todos: readonly Json[]
  /** The session's own rules as they were when its run began; null while none is on. */
  runRules: readonly PermissionRule[] | null
  /** The run that answers its prompts now. */
  run: Run | null
  /** File contents before the turn of a user message, for diffs and reverting, by message and path. */
  readonly before: Map<string, Map<string, Uint8Array | null>>
}

/** One run of the agent loop. */
export interface Run {
  readonly abort: AbortController
  /** Resolves with the newest assistant message when the run has ended, in whatever way. */
  readonly ended: Promise<MessageRecord | null>
}

/** No tokens yet. */
export function noTokens(): TokenCounts {
  return { input: 0, output: 0, reasoning: 0, cache: { read: 0, write: 0 } }
}

/** The messages of a session as the server lists them, oldest first. */
export function listMessages(session: SessionRecord): readonly MessageRecord[] {
  return [...session.messages.values()].toSorted((one, other) => one.storedAt - other.storedAt)
}

/** A message with its parts in id order, as the server shows it. */
export function showMessage(message: MessageRecord): { info: MessageInfo; parts: readonly Part[] } {
  const parts = [...message.parts.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
  return { info: message.info, parts }
}

/** A plain object, or null. */
export function asRecord(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
}
