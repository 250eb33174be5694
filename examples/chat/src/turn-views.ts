import type { Artifact, MessageArtifacts } from '@turnstead/artifacts'
import { parseReply, type Reply } from '@turnstead/reply'
import { isTerminal } from '@turnstead/session'
import type { ChatMessage } from './rows.js'
import { describeFailure, describeProviderFailure } from './views/failure.js'
import { partView } from './views/parts.js'
import type { FileView, Standing, TurnView } from './views/turn.js'
import type { Worker } from './worker.js'

export interface TurnViewsOptions {
  readonly worker: Pick<Worker, 'live'>
  readonly artifacts: Pick<MessageArtifacts, 'list'>
  /** The agent's folder. */
  readonly directory: string
}

/** Turns as a page shows them: from the live turn while it runs here, else from the row. */
export interface TurnViews {
  /** Reads what has to be waited for; the views themselves are made at once, so that no change falls between. */
  load(messages: readonly ChatMessage[]): Promise<() => TurnView[]>
}

export function createTurnViews({ worker, artifacts, directory }: TurnViewsOptions): TurnViews {
  function viewOf(message: ChatMessage, files: readonly FileView[]): TurnView {
    const { id, body: prompt } = message
    const live = worker.live(id)?.view()
    if (live !== undefined) return { id, prompt, isOpen: true, files, ...live }
    const isOpen = !isTerminal(message.turn.status)
    const reply = message.turn.reply === null ? null : parseReply(message.turn.reply)
    const parts = (reply?.parts ?? [])
      .filter((part) => part.sessionId === reply?.sessionId)
      .flatMap((part) => partView(part, { isLive: isOpen, directory }) ?? [])
    return { id, prompt, isOpen, parts, files, standing: standingOf(message, reply) }
  }

  async function filesOf({ id }: ChatMessage): Promise<FileView[]> {
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

function fileView(artifact: Artifact): FileView {
  const { messageId, id, name, sizeBytes } = artifact
  return { href: `/messages/${messageId}/files/${id}`, name, sizeBytes }
}

function standingOf({ turn }: ChatMessage, reply: Reply | null): Standing {
  if (turn.status === 'pending') return { kind: 'live', tone: 'calm', text: 'Waiting to start' }
  if (turn.status === 'running')
    return { kind: 'live', tone: 'calm', text: 'Waiting for news of this turn' }
  const { input, cacheRead, cacheWrite, output, reasoning } = turn.tokens
  return {
    kind: 'over',
    note: noteOf(turn, reply),
    cost: turn.cost,
    inputTokens: input + cacheRead + cacheWrite,
    outputTokens: output + reasoning,
    durationMs:
      turn.startedAt === null || turn.settledAt === null ? null : turn.settledAt - turn.startedAt,
  }
}

function noteOf(
  turn: ChatMessage['turn'],
  reply: Reply | null,
): (Standing & { kind: 'over' })['note'] {
  if (turn.status === 'cancelled') {
    const kept =
      turn.text === null || turn.text === '' ? '' : ' What was written until then is kept.'
    return { tone: 'plain', text: `You stopped this.${kept}` }
  }
  if (turn.status === 'completed') {
    return turn.finish === 'length'
      ? { tone: 'plain', text: 'The model reached its length limit; the answer may be cut.' }
      : null
  }
  const code = turn.error?.code ?? null
  const text =
    code === 'provider_failed'
      ? describeProviderFailure(reply?.result().error?.name ?? null)
      : describeFailure(code)
  return { tone: 'bad', text }
}
