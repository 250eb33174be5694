import { setTimeout as sleep } from 'node:timers/promises'
import { isInlineSafe, type Artifact, type MessageArtifacts } from '@turnstead/artifacts'
import type { Upload } from '@turnstead/artifacts/uploads'
import { isTerminal, type Notifier } from '@turnstead/session'
import { followTurn } from '@turnstead/turn/live'
import type { Choices } from '../agent/choices.js'
import type { Foldered, Workspaces } from '../agent/workspaces.js'
import type { Message } from '../rows/models.js'
import type { ChatRows } from '../rows/rows.js'
import type { FileView, TurnView } from '../views/turn.js'
import type { ContextUse } from './context-use.js'
import { createLiveTurn, type LiveTurn, type LiveTurnOptions } from './live-turn.js'
import { settledView } from './settled-view.js'

export interface TurnViewsOptions {
  readonly rows: Pick<ChatRows, 'store' | 'findTurns'>
  readonly notifier: Notifier
  readonly artifacts: Pick<MessageArtifacts, 'list'>
  readonly workspaces: Workspaces
  /** What the agent's server offers. */
  readonly choices: () => Promise<Choices>
  /** What is wrong with OpenCode, for the readers of a turn that is not over; null while nothing is. */
  readonly trouble: () => string | null
  readonly onError: (error: unknown, where: string) => void
}

/** A turn that is followed, and when it is over. */
export interface OpenedTurn {
  readonly live: LiveTurn
  readonly ended: Promise<unknown>
}

type LiveOf = (turnId: number) => LiveTurn | null

/** Turns as a page shows them: as they are now, wherever they run, and as their rows say when they are over. */
export interface TurnViews {
  /**
   * Reads what has to be waited for; the views themselves are made at once, so that no change falls between.
   *
   * @param liveOf - Turns that are followed already. Others that are not over are followed for a moment.
   */
  load(
    conversation: Foldered,
    messages: readonly Message[],
    liveOf: LiveOf,
  ): Promise<() => TurnView[]>
  /** Follows a turn; null when there is none, or it is over. */
  follow(
    conversation: Foldered,
    turnId: number,
    page: Pick<LiveTurnOptions, 'publish' | 'isBehind' | 'heartbeat'>,
  ): Promise<OpenedTurn | null>
}

/** Whether the turn of a message may still change. */
export function isOpenTurn({ turn_status: status }: Message): boolean {
  return status !== null && !isTerminal(status)
}

/** Whether it is not over, or its files may still come. */
export function mayChange(message: Message): boolean {
  const { turn_closed_at: closedAt, turn_settled_at: settledAt } = message
  if (isOpenTurn(message)) return true
  return closedAt === null && Date.now() - (settledAt ?? 0) < tidyMs
}

/** So long after the end of a turn what follows it may come. */
const tidyMs = 60_000
/** The end of an answer waits no longer for what its page can do without. */
const meterMs = 200

export function createTurnViews(options: TurnViewsOptions): TurnViews {
  const { rows, notifier, artifacts, workspaces, choices, trouble, onError } = options
  const { store } = rows

  async function follow(
    conversation: Foldered,
    turnId: number,
    page: Pick<LiveTurnOptions, 'publish' | 'isBehind' | 'heartbeat'>,
  ): Promise<OpenedTurn | null> {
    const turn = await followTurn({
      store,
      notifier,
      turnId,
      onError: (error) => onError(error, `turn ${turnId}, follow`),
    })
    if (turn === null) return null
    if (isTerminal(turn.record.status) && turn.standing.state !== 'stopping') {
      turn.close()
      return null
    }
    const roots = workspaces.rootsOf(conversation)
    const live = createLiveTurn({ ...page, turn, roots, trouble })
    return { live, ended: turn.ended }
  }

  async function filesOf({ id }: Message): Promise<FileView[]> {
    const files: FileView[] = []
    for await (const artifact of artifacts.list(id)) files.push(fileView(artifact))
    return files
  }

  async function meterOf({ model, tokens }: ContextUse): Promise<TurnView['context']> {
    const offered = await Promise.race([choices(), sleep(meterMs, null, { ref: false })])
    const window = offered?.models.find(({ value }) => value === model)?.contextTokens
    return window == null ? null : { used: tokens, window }
  }

  async function viewOf(
    conversation: Foldered,
    message: Message,
    { liveOf, isBehind }: { liveOf: LiveOf; isBehind: () => boolean },
  ): Promise<() => TurnView> {
    const { id, body: prompt, conversationId } = message
    const files = await filesOf(message)
    const uploads = message.files.map((upload, index) => uploadView(id, upload, index))
    const isReplaced = message.replaced_by !== null
    const rest = { id, conversationId, prompt, uploads, files, isReplaced, ...factsOf(message) }
    const open = { isOpen: true, mayChange: true, context: null }
    const live = liveOf(id)
    if (live !== null) return () => ({ ...rest, ...open, ...live.view() })
    if (isOpenTurn(message)) {
      const opened = await follow(conversation, id, { isBehind })
      if (opened !== null) {
        const shown = opened.live.view()
        opened.live.close()
        return () => ({ ...rest, ...open, ...(liveOf(id)?.view() ?? shown) })
      }
    }
    // It may have ended since the row was read.
    const [last = message] = isOpenTurn(message) ? await rows.findTurns([id]) : []
    // And its files may have come since they were read.
    const late = last === message ? files : await filesOf(last)
    const asks = last.turn_asks === null ? [] : ((await store.read(id))?.asks ?? [])
    const { use, ...over } = settledView(last, { asks, roots: workspaces.rootsOf(conversation) })
    const context = use === null ? null : await meterOf(use)
    return () => ({
      ...rest,
      ...{ files: late, isOpen: isOpenTurn(last), mayChange: mayChange(last), context },
      ...over,
    })
  }

  return {
    follow,
    async load(conversation, messages, liveOf) {
      const firstOpen = messages.find(isOpenTurn)?.id ?? Infinity
      const views = await Promise.all(
        messages.map((message) => {
          const isBehind = (): boolean => firstOpen < message.id
          return viewOf(conversation, message, { liveOf, isBehind })
        }),
      )
      return () => views.map((view) => view())
    },
  }
}

function factsOf({ created_at: at, chosen }: Message): Pick<TurnView, 'at' | 'chosen'> {
  const { model, agent } = chosen
  const names = [model?.slice(model.indexOf('/') + 1), agent].filter((name) => name != null)
  return { at: Number(at), chosen: names.length === 0 ? null : names.join(' · ') }
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
