import { isInlineSafe, type Artifact, type MessageArtifacts } from '@turnstead/artifacts'
import type { Upload } from '@turnstead/artifacts/uploads'
import { parseReply, SnapshotError, type Reply } from '@turnstead/reply'
import { html } from '@turnstead/reply/turbo'
import { isTerminal } from '@turnstead/session'
import type { Message } from '../rows/models.js'
import { describeFailure, describeProviderFailure } from '../views/failure.js'
import { createReplyView } from '../views/reply.js'
import type { FileView, Standing, TurnView } from '../views/turn.js'
import type { LiveTurns } from './live-turn.js'

export interface TurnViewsOptions {
  readonly worker: LiveTurns
  readonly artifacts: Pick<MessageArtifacts, 'list'>
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
}

/** Turns as a page shows them: from the live turn while it runs here, else from the row. */
export interface TurnViews {
  /** Reads what has to be waited for; the views themselves are made at once, so that no change falls between. */
  load(messages: readonly Message[]): Promise<() => TurnView[]>
}

export function createTurnViews({ worker, artifacts, roots }: TurnViewsOptions): TurnViews {
  function viewOf(message: Message, files: readonly FileView[]): TurnView {
    const { id, body: prompt } = message
    const live = worker.live(id)?.view()
    const uploads = message.files.map((upload, index) => uploadView(id, upload, index))
    if (live !== undefined) return { id, prompt, uploads, isOpen: true, files, ...live }
    const isOpen = message.turn_status !== null && !isTerminal(message.turn_status)
    const reply = storedReply(message)
    const pieces = reply === null ? null : createReplyView(reply, { turnId: id, roots }).pieces()
    const { parts, asks } = pieces ?? { parts: html``, asks: html`` }
    const standing = standingOf(message, reply)
    return { id, prompt, uploads, isOpen, parts, asks, files, standing }
  }

  async function filesOf({ id }: Message): Promise<FileView[]> {
    const files: FileView[] = []
    for await (const artifact of artifacts.list(id)) files.push(fileView(artifact))
    return files
  }

  return {
    async load(messages) {
      const files = await Promise.all(messages.map(filesOf))
      return () => messages.map((message, index) => viewOf(message, files[index] ?? []))
    },
  }
}

/** A reply that another version stored is not shown, rather than none of the conversation. */
function storedReply({ turn_reply: reply, turn_status: status }: Message): Reply | null {
  if (reply === null) return null
  try {
    const stored = parseReply(reply)
    // An earlier version, or a cancel whose worker was dead, left it open.
    if (status !== null && isTerminal(status)) stored.close()
    return stored
  } catch (error) {
    if (SnapshotError.is(error)) return null
    throw error
  }
}

function fileView(artifact: Artifact): FileView {
  const { turnId, id, name, sizeBytes, contentType } = artifact
  return { href: `/messages/${turnId}/files/${id}`, name, sizeBytes, ...shown(contentType) }
}

function uploadView(turnId: number, upload: Upload, index: number): FileView {
  const { name, sizeBytes, contentType } = upload
  return { href: `/messages/${turnId}/uploads/${index}`, name, sizeBytes, ...shown(contentType) }
}

function shown(contentType: string): Pick<FileView, 'isPicture'> {
  return { isPicture: contentType.startsWith('image/') && isInlineSafe(contentType) }
}

function standingOf(message: Message, reply: Reply | null): Standing {
  const { turn_status: status, turn_started_at: startedAt, turn_settled_at: settledAt } = message
  if (status === 'pending') return { kind: 'live', tone: 'calm', text: 'Waiting to start' }
  if (status === 'running') return { kind: 'live', tone: 'calm', text: 'Waiting for news' }
  return {
    kind: 'over',
    note: noteOf(message, reply),
    cost: message.turn_cost,
    inputTokens:
      message.turn_input_tokens + message.turn_cache_read_tokens + message.turn_cache_write_tokens,
    outputTokens: message.turn_output_tokens + message.turn_reasoning_tokens,
    durationMs: startedAt === null || settledAt === null ? null : settledAt - startedAt,
  }
}

function noteOf(message: Message, reply: Reply | null): OverStanding['note'] {
  if (message.turn_status === 'cancelled') {
    const kept = message.turn_text ? ' What was written until then is kept.' : ''
    return { tone: 'plain', text: `You stopped this.${kept}` }
  }
  if (message.turn_status === 'failed') {
    const isProvider = message.turn_error_code?.startsWith('provider_') === true
    const text = isProvider
      ? describeProviderFailure(reply?.result().error ?? null)
      : describeFailure(message.turn_error_code)
    return { tone: 'bad', text }
  }
  if (message.turn_session_recreated) {
    const text =
      'OpenCode had lost this conversation: the agent has forgotten what was said before.'
    return { tone: 'plain', text }
  }
  if (message.turn_finish !== 'length') return null
  return { tone: 'plain', text: 'The model reached its length limit: the answer may be cut.' }
}

type OverStanding = Extract<Standing, { kind: 'over' }>
