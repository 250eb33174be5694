import type { Outcome, ReplyView } from '@turnstead/reply'
import { foldChange } from '@turnstead/reply/changes'
import { setTimeout } from 'node:timers/promises'
import { readEvents } from '../test/support/read-events.js'

/** What someone saw who followed a turn to its end. */
export interface Seen {
  readonly text: string
  readonly state: Outcome['state']
  /** How often the connection was lost on the way. */
  readonly drops: number
}

/** What a person's browser is given. */
export interface PersonOptions {
  /** The web processes. */
  readonly urls: readonly string[]
  readonly turnId: number
  readonly random: () => number
  readonly signal: AbortSignal
}

const headers = { 'x-user': '7', 'content-type': 'application/json' }

/** Follows a turn by a connection that drops again and again, and answers what is asked, at the other web process. */
export async function watchTurn(options: PersonOptions): Promise<Seen> {
  const { urls, turnId, random, signal } = options
  let view: ReplyView | null = null
  let lastEventId: string | null = null
  const answered = new Set<string>()
  for (let drops = 0; ; drops += 1) {
    const web = Math.floor(random() * urls.length)
    const drop = new AbortController()
    let left = 3 + Math.floor(random() * 40)
    try {
      const response = await fetch(`${urls[web]}/turns/${turnId}/events`, {
        headers: { ...headers, ...(lastEventId !== null && { 'last-event-id': lastEventId }) },
        signal: AbortSignal.any([drop.signal, signal]),
      })
      for await (const { id, event, data } of readEvents(response)) {
        lastEventId = id ?? lastEventId
        if (event === 'end') {
          const { state } = JSON.parse(data) as Outcome
          return { text: view === null ? '' : textOf(view), state, drops }
        }
        if (event === 'snapshot') view = JSON.parse(data) as ReplyView
        else if (view !== null) view = foldChange(view, JSON.parse(data))
        for (const askId of openAsks(view, answered)) {
          answered.add(askId)
          await answer(`${urls[(web + 1) % urls.length]}/turns/${turnId}/asks/${askId}`, signal)
        }
        if ((left -= 1) < 0) break
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!isLostConnection(error)) throw error
    } finally {
      drop.abort()
    }
    await setTimeout(50 + random() * 500, null, { signal })
  }
}

function openAsks(view: ReplyView | null, answered: ReadonlySet<string>): string[] {
  const open = (view?.asks ?? []).filter(({ id, state }) => state === 'open' && !answered.has(id))
  return open.map(({ id }) => id)
}

async function answer(url: string, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ action: 'allow' })
  for (;;) {
    const response = await fetch(url, { method: 'POST', headers, body, signal })
    if (response.ok) return
    const { error } = (await response.json()) as { error: { code: string } }
    // The answer of an earlier try had come, or the turn is over.
    if (['ask_answered', 'ask_closed', 'ask_settled'].includes(error.code)) return
    if (error.code !== 'ask_missing') throw new Error(`${url}: ${response.status} ${error.code}`)
    process.stderr.write(`# ${url} was shown, and could not be answered yet\n`)
    await setTimeout(1_000, null, { signal })
  }
}

function textOf({ parts }: ReplyView): string {
  return parts.map((part) => (part.kind === 'text' && !part.lost ? part.text : '')).join('')
}

function isLostConnection(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'AbortError')
}
