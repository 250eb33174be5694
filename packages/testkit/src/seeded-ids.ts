const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Ids and random numbers that are the same in every run. */
export interface SeededIds {
  /** A number in [0, 1). */
  random(): number
  /** `length` characters of `0-9A-Za-z`. */
  token(length: number): string
  /**
   * An id as the server makes them: prefix, 12 hex digits of a millisecond clock, 14 random characters.
   * `descending` inverts the clock, as for `ses_` ids. Times come from `nowMs`, which must not be left out by callers
   * that compare ids with times; the default counts up from 0.
   */
  id(prefix: string, options?: { nowMs?: number; descending?: boolean }): string
}

/** Makes {@link SeededIds}; equal seeds give equal sequences. */
export function seededIds(seed: number | string = 1): SeededIds {
  let state = hash(String(seed))
  let lastMs = 0
  let counter = 0

  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  const token = (length: number): string => {
    let text = ''
    for (let index = 0; index < length; index += 1) text += alphabet[Math.floor(random() * 62)]
    return text
  }

  return {
    random,
    token,
    id(prefix, options) {
      const nowMs = options?.nowMs ?? lastMs
      // A time that went back goes on counting, so that no clock prefix ever comes twice.
      counter = nowMs > lastMs ? 1 : counter + 1
      lastMs = Math.max(lastMs, nowMs)
      const mask = 0xffff_ffff_ffffn
      const clock = (BigInt(Math.trunc(nowMs)) * 4096n + BigInt(counter)) & mask
      const shown = options?.descending ? ~clock & mask : clock
      return `${prefix}_${shown.toString(16).padStart(12, '0')}${token(14)}`
    },
  }
}

function hash(text: string): number {
  let value = 2_166_136_261
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619)
  }
  return value >>> 0
}
