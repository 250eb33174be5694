import { createClient } from '@turnstead/wire'
import type { Fleet } from './fleet.js'
import { type Figures, percentile } from './figures.js'
import type { Seen } from './person.js'
import { answerOf, isAsking, questionOf } from './story.js'

/** A turn that was begun. */
export interface BegunTurn {
  readonly turnId: number
  readonly conversationId: number
  /** Of its question. */
  readonly number: number
}

/** What was seen by who followed it, or why there is nothing. */
export type Sight = { readonly turnId: number; readonly seen: Seen | Error }

type Row = Readonly<Record<string, string | number | null>>

/** Compares rows, server, browsers and webhooks. What differs is said in words to stderr. */
export async function judge(
  fleet: Fleet,
  turns: readonly BegunTurn[],
  sights: readonly Sight[],
): Promise<Figures> {
  const rows = new Map<number, Row>()
  for (const row of (await fleet.rows.knex('messages')) as (Row & { id: number })[]) {
    rows.set(row.id, row)
  }
  const say = (what: string, turnId: number, words: string): 1 => {
    process.stderr.write(`! ${what}: turn ${turnId}: ${words}\n`)
    return 1
  }
  const prompts = await readPrompts(fleet)
  const lags: number[] = []
  let [doublePrompts, lost, stuck, missing, mismatches] = [0, 0, 0, 0, 0]

  for (const { turnId, number } of turns) {
    const row = rows.get(turnId) ?? {}
    const status = String(row['turn_status'])
    const isOver = ['completed', 'failed', 'cancelled'].includes(status)
    const stored = prompts.get(number) ?? { times: 0, completedAt: null }
    const times = Math.max(stored.times, fleet.timesAsked(number))
    if (times > 1) doublePrompts += say('double prompt', turnId, `${times} times`)
    if (!isOver || row['turn_closed_at'] === null) {
      stuck += say('stuck', turnId, `${status}, ${await holderOf(fleet, row)}`)
    } else if (status !== 'completed' || row['turn_text'] !== answerOf(number)) {
      const words = `${status} ${row['turn_error_code']} ${row['turn_error_message']}: ${row['turn_text']}`
      lost += say('lost', turnId, words)
    }
    if (isOver && stored.completedAt !== null) {
      lags.push(Number(row['turn_settled_at']) - stored.completedAt)
    }
    const ended = fleet.receiver.count('turn.ended', turnId)
    const asked = fleet.receiver.count('turn.asked', turnId)
    if (ended !== 1) missing += say('webhook', turnId, `${ended} ends`)
    if (isAsking(number) && asked !== 1) missing += say('webhook', turnId, `${asked} asks`)
  }
  for (const { turnId, seen } of sights) {
    const row = rows.get(turnId)
    if (seen instanceof Error) mismatches += say('follower', turnId, String(seen))
    else if (
      seen.text !== String(row?.['turn_text']).replaceAll('\n\n', '') ||
      seen.state !== row?.['turn_status']
    ) {
      mismatches += say('follower', turnId, `${seen.state}: ${seen.text}`)
    }
  }
  return {
    turns: turns.length,
    double_prompts: doublePrompts,
    lost,
    stuck,
    follower_mismatches: mismatches,
    webhooks_missing: missing,
    p99_settle_lag_ms: percentile(lags, 0.99),
  }
}

/** Who has the conversation of a turn. */
async function holderOf(fleet: Fleet, row: Row): Promise<string> {
  const held = await fleet.rows
    .knex('conversations')
    .where('id', Number(row['conversation_id']))
    .first()
  const leftMs = Number(held.turn_expires_at) - Date.now()
  const claims = `claim ${row['turn_fence']} of ${held.turn_fence}`
  return `${claims}; turn ${held.turn_id} held by ${held.turn_owner} for ${leftMs} ms; asks ${row['turn_asks']}`
}

interface StoredPrompt {
  readonly times: number
  /** When the last message of its answer was complete. */
  readonly completedAt: number | null
}

/** What the servers hold of each question, by its number. */
async function readPrompts(fleet: Fleet): Promise<ReadonlyMap<number, StoredPrompt>> {
  const found = new Map<number, StoredPrompt>()
  const conversations = (await fleet.rows.knex('conversations')) as Row[]
  for (const [index, { url }] of fleet.impostors.entries()) {
    await using client = createClient({ baseUrl: url })
    const own = conversations.filter((row) => Number(row['id']) % fleet.impostors.length === index)
    for (const row of own) {
      const sessionId = row['opencode_session_id']
      if (typeof sessionId !== 'string') continue
      const messages = await client.session.messages(sessionId)
      for (const { info, parts } of messages) {
        if (info.role !== 'user') continue
        const words = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
        const number = Number(/Question (\d+)/.exec(words)?.[1])
        if (!words.includes(questionOf(number))) continue
        const ends = messages.flatMap(({ info: answer }) =>
          answer.role === 'assistant' && answer.parentID === info.id
            ? [answer.time.completed ?? 0]
            : [],
        )
        const times = (found.get(number)?.times ?? 0) + 1
        found.set(number, { times, completedAt: ends.length === 0 ? null : Math.max(...ends) })
      }
    }
  }
  return found
}
