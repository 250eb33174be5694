import type { TurnNotice } from '../ports.js'
import type { TurnSetup } from '../options.js'

/** Listens to what other processes do to the turn, where the store tells. A store that cannot is reported, and fails no turn. */
export function watchNotices(
  { store, turnId, report }: TurnSetup,
  wake: (notice: TurnNotice) => void,
): () => void {
  const safely = <T>(call: () => T): T | undefined => {
    try {
      return call()
    } catch (error) {
      report(error, 'renew')
      return undefined
    }
  }
  const stop = safely(() => store.watch?.(turnId, wake))
  return () => {
    safely(() => stop?.())
  }
}
