import { webcrypto } from 'node:crypto'

/** Fetched together: an id takes 14 numbers, and each call for one costs more than all the rest of it. */
const words = new Uint32Array(256)
let left = 0

/** A uniform number in [0, 1) from the system's secure source; none is given out twice. */
export function secureRandom(): number {
  if (left === 0) {
    webcrypto.getRandomValues(words)
    left = words.length
  }
  left -= 1
  const word = words[left] ?? 0
  words[left] = 0
  return word / 2 ** 32
}
