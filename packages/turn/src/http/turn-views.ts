import {
  type ChangeLog,
  createChangeLog,
  toEventResponse,
} from '@turnstead/reply/server-sent-events'
import { toUiMessageResponse, uiMessageStream } from '@turnstead/reply/ui-message-stream'
import { systemClock } from '../clock.js'
import { followTurn } from '../live/follow-turn.js'
import type { FollowedTurn } from '../live/followed-turn.js'
import type { RowId } from '../ports.js'
import type { TurnRoutesOptions } from './options.js'
import { whileRead } from './while-read.js'

/** Turns as streams; null when there is no such turn. */
export interface TurnViews {
  /** Server-sent events, from where the browser is. */
  events(request: Request, turnId: string): Promise<Response | null>
  /** The UI-message stream of the AI SDK, from the beginning. */
  uiMessages(request: Request, turnId: RowId): Promise<Response | null>
  /** The same of a turn whose row was written a moment ago: a replica that is read from may not have it yet. */
  begunUiMessages(request: Request, turnId: RowId): Promise<Response | null>
}

/** A turn that is followed as events, once for all its readers: so each may come back to where it was. */
interface Logged {
  readonly turn: FollowedTurn
  readonly log: ChangeLog
  readers: number
}

export function createTurnViews<UserId extends RowId>(
  options: Pick<
    TurnRoutesOptions<UserId>,
    'store' | 'notifier' | 'views' | 'pollMs' | 'clock' | 'onError'
  >,
): TurnViews {
  const { views = {}, ...means } = options
  const clock = options.clock ?? systemClock
  const streaming = options.clock === undefined ? {} : { clock: options.clock }
  const logs = new Map<string, Logged>()

  async function join(turnId: string): Promise<Logged | null> {
    const turn = logs.has(turnId) ? null : await followTurn({ ...means, turnId })
    // Another reader may have been quicker.
    const known = logs.get(turnId)
    if (known !== undefined) {
      turn?.close()
      known.readers += 1
      return known
    }
    if (turn === null) return null
    const logged = { turn, log: createChangeLog(turn, views), readers: 1 }
    logs.set(turnId, logged)
    return logged
  }

  function leave(turnId: string, logged: Logged): void {
    logged.readers -= 1
    if (logged.readers > 0) return
    logs.delete(turnId)
    logged.log.close()
    logged.turn.close()
  }

  function uiMessagesOf(request: Request, turn: FollowedTurn): Response {
    const chunks = uiMessageStream(turn, { ended: turn.ended, ...views, ...streaming })
    const response = toUiMessageResponse(chunks, streaming)
    return whileRead(response, request.signal, () => turn.close())
  }

  return {
    async events(request, turnId) {
      // Any process may have said so, and a turn that is over stays over. The browser then comes no more.
      const hasSeenEnd = request.headers.get('last-event-id')?.endsWith('.end') === true
      if (hasSeenEnd) return new Response(null, { status: 204 })
      const logged = await join(turnId)
      if (logged === null) return null
      const { turn, log } = logged
      const response = toEventResponse(log, request, { ended: turn.ended, ...streaming })
      return whileRead(response, request.signal, () => leave(turnId, logged))
    },
    async uiMessages(request, turnId) {
      const turn = await followTurn({ ...means, turnId })
      return turn === null ? null : uiMessagesOf(request, turn)
    },
    async begunUiMessages(request, turnId) {
      const { signal } = request
      for (const waitMs of [...replicaWaitsMs, null]) {
        const turn = await followTurn({ ...means, turnId, signal })
        if (turn !== null) return uiMessagesOf(request, turn)
        if (waitMs !== null) await clock.sleep(waitMs, { signal })
      }
      return null
    },
  }
}

/** About as long as the store waits for a replica in `answerAsk`. */
const replicaWaitsMs = [50, 200, 750, 2_000]
