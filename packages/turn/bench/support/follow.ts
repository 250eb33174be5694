import { fork } from 'node:child_process'

/** What a process of followers is to do. */
export interface FollowerTask {
  readonly databaseUrl: string
  readonly notifier: { readonly kind: 'pg' | 'redis'; readonly connection: string }
  readonly turnId: number
  readonly followers: number
}

/** What it came to. */
export interface FollowerReport {
  /** CPU while the turn was followed, in microseconds. */
  readonly cpu: number
  /** How long the text was, and when, as one of them was told. */
  readonly arrivals: { readonly length: number; readonly at: number }[]
}

/** Starts the process; resolves when it follows. */
export async function startFollowers(
  task: FollowerTask,
): Promise<{ readonly report: Promise<FollowerReport> }> {
  const child = fork(new URL('follower.ts', import.meta.url), [JSON.stringify(task)], {
    execArgv: ['--conditions=@turnstead/source', '--expose-gc', '--import=tsx'],
  })
  let following: () => void
  let failed: (error: Error) => void
  const isFollowing = new Promise<void>((resolve, reject) => {
    following = resolve
    failed = reject
  })
  const report = new Promise<FollowerReport>((resolve, reject) => {
    child.on('message', (message) => {
      if (message === 'following') following()
      else resolve(message as FollowerReport)
    })
    child.once('exit', () => {
      const error = new Error('the followers ended before the turn')
      failed(error)
      reject(error)
    })
  })
  report.catch(() => undefined)
  await isFollowing
  return { report }
}
