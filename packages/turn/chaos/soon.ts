import { machineFactor } from '@turnstead/testkit/opencode'

/** What a promise gives, or `late` when it takes longer than anything here may on a machine as busy as this one is. */
export async function soon<T>(promise: Promise<T>, ms = 20_000): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms * machineFactor())
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
