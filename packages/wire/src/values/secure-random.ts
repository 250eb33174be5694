import { webcrypto } from 'node:crypto'

/** A uniform number in [0, 1) from the system's secure source. */
export function secureRandom(): number {
  const [word = 0] = webcrypto.getRandomValues(new Uint32Array(1))
  return word / 2 ** 32
}
