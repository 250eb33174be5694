import type { Clock } from '../../clock.js'
import { seededIds } from '../../seeded-ids.js'

/** Ids, times and names that are the same in every run. */
export interface Identity {
  /** A time for a record; never earlier than the one before. */
  stamp(): number
  /** An id such as `msg_…`; session ids sort newest first, as on the server. */
  id(prefix: string): string
  /**
   * An id for an event. As on the server ids rise for one part, one message and one session's status, and now and
   * then an event of another kind sorts before its forerunner.
   */
  eventId(type: string): string
  /** Two words with a hyphen. */
  slug(): string
  /** `length` hex digits. */
  hex(length: number): string
}

const adjectives = [
  'brave',
  'calm',
  'clever',
  'cosmic',
  'eager',
  'gentle',
  'happy',
  'hidden',
  'jolly',
  'kind',
  'lucky',
  'misty',
  'neon',
  'proud',
  'quick',
  'quiet',
  'shiny',
  'silent',
  'sunny',
  'tidy',
] as const
const nouns = [
  'cabin',
  'cactus',
  'canyon',
  'circuit',
  'comet',
  'eagle',
  'forest',
  'garden',
  'harbor',
  'island',
  'knight',
  'meadow',
  'moon',
  'nebula',
  'orchid',
  'otter',
  'panda',
  'pixel',
  'planet',
  'rocket',
  'tiger',
  'wizard',
] as const

/** In the recordings nearly every id that sorts too early is of one of these. */
const straggling: ReadonlySet<string> = new Set([
  'session.updated',
  'session.diff',
  'file.watcher.updated',
])

/** Times follow `clock` when there is one, else they count up by a millisecond from `startMs`. */
export function createIdentity(options: {
  readonly seed: number | string
  readonly startMs: number
  readonly clock: Clock | null
}): Identity {
  const ids = seededIds(options.seed)
  const eventIds = seededIds(`${options.seed} events`)
  let last = options.startMs
  let stragglers = 0
  const stamp = (): number => {
    last = options.clock ? Math.max(last, options.clock.now()) : last + 1
    return last
  }
  const pick = (words: readonly string[]): string =>
    words[Math.floor(ids.random() * words.length)] ?? ''
  return {
    stamp,
    id: (prefix) => ids.id(prefix, { nowMs: last, descending: prefix === 'ses' }),
    eventId(type) {
      const isStraggler = straggling.has(type) && (stragglers += 1) % 3 === 0
      return eventIds.id('evt', { nowMs: isStraggler ? last - 2 : last })
    },
    slug: () => `${pick(adjectives)}-${pick(nouns)}`,
    hex(length) {
      let digits = ''
      while (digits.length < length) digits += Math.floor(ids.random() * 16).toString(16)
      return digits
    },
  }
}
