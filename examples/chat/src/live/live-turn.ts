import { html, trustedHtml, turboStream, type Html } from '@turnstead/reply/turbo'
import type { FollowedTurn } from '@turnstead/turn/live'
import { createReplyView } from '../views/reply.js'
import { standingElementId, standingLine, type Standing } from '../views/turn.js'
import { activityOf } from './activity.js'
import type { Heartbeat } from './heartbeats.js'
import { withoutHoles } from './without-holes.js'

/** Changes of the page are gathered this long: quick enough to look live, slow enough to stay calm. */
const gatherMs = 40
const unsettled: readonly string[] = ['pending', 'waiting', 'running', 'parked', 'stopping']

/** A turn that is not over, wherever it runs, as the pages of this process see it. */
export interface LiveTurn {
  /** What a page that comes now shows; all other pages are brought to the same point first. */
  view(): { readonly parts: Html; readonly asks: Html; readonly standing: Standing }
  /** Looks again at what is known beside it: what is wrong with OpenCode, what is before it. */
  refresh(): void
  /** Shows what is still to be shown, and follows no more. */
  close(): void
}

export interface LiveTurnOptions {
  readonly turn: FollowedTurn
  /** Folders of this machine whose paths no page shall see. */
  readonly roots: readonly string[]
  /** What is wrong with OpenCode; null while nothing is. */
  readonly trouble: () => string | null
  /** An earlier turn of its conversation is not over. */
  readonly isBehind: () => boolean
  /** The signs of life of its worker. Default: it is not watched. */
  readonly heartbeat?: () => Heartbeat | null
  /** Shows changes on every open page of the conversation. Default: there are none. */
  readonly publish?: (changes: readonly Html[]) => void
}

export function createLiveTurn(options: LiveTurnOptions): LiveTurn {
  const {
    turn,
    roots,
    trouble,
    isBehind,
    heartbeat = () => null,
    publish = () => undefined,
  } = options
  const turnId = Number(turn.turnId)
  const isOver = (): boolean => !unsettled.includes(turn.standing.state)
  const renderer = createReplyView(withoutHoles(turn, isOver), { turnId, roots })
  let isShown = false
  let shownStanding = ''
  let timer: NodeJS.Timeout | null = null
  let flushedAt = -Infinity

  /** What runs here needs no sign of life. */
  const isSilent = (): boolean =>
    turn.standing.where === 'elsewhere' && heartbeat()?.isSilent() === true

  const standing = (): Standing =>
    activityOf({
      state: turn.standing.state,
      view: turn.view(),
      asks: turn.record.asks,
      trouble: trouble(),
      isBehind: isBehind(),
      isSteer: turn.record.delivery === 'steer',
      isSilent: isSilent(),
      isDatabaseAway: heartbeat()?.isDatabaseAway() === true,
    })

  /** What was stopped asks nothing more. */
  const isStopping = (): boolean => turn.standing.state === 'stopping'

  const flush = (): void => {
    flushedAt = performance.now()
    if (timer !== null) clearTimeout(timer)
    timer = null
    // Before the first page there is nothing to be changed.
    if (!isShown) return
    const changes = [trustedHtml(renderer.next())]
    const line = standingLine(standing())
    if (String(line) !== shownStanding) {
      shownStanding = String(line)
      changes.push(turboStream('update', standingElementId(turnId), line))
    }
    publish(changes.filter((change) => String(change) !== ''))
  }
  const flushSoon = (): void => {
    // The first change after a pause is shown at once, as the first word of an answer.
    timer ??= setTimeout(flush, Math.max(0, gatherMs - (performance.now() - flushedAt)))
  }
  const stops = [
    turn.observe({
      changed() {
        heartbeat()?.heard()
        flushSoon()
      },
    }),
    turn.onStanding(({ state }) => {
      // Whoever has just begun has not had the time for another one.
      if (state === 'running') heartbeat()?.heard()
      flushSoon()
    }),
  ]

  return {
    view() {
      flush()
      isShown = true
      const { parts, asks } = renderer.pieces()
      const now = standing()
      shownStanding = String(standingLine(now))
      return { parts, asks: isStopping() ? html`` : asks, standing: now }
    },
    refresh: flushSoon,
    close() {
      flush()
      for (const stop of stops) stop()
      turn.close()
    },
  }
}
