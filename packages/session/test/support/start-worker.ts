import { fork } from 'node:child_process'
import { once } from 'node:events'
import { compiled } from '@turnstead-internal/compiled'
import type { FakeUpstream } from '../../src/contract/fake-upstream.js'
import type { Command, FromWorker, ToWorker } from './worker-process.js'

/** A worker process as its parent holds it. */
export interface Worker {
  /** Runs a command to its end. */
  readonly run: (command: Command) => Promise<unknown>
  /** Kills it with SIGKILL and waits until it is gone. */
  readonly kill: () => Promise<void>
}

/** A worker's call upstream, and what may be done with it. */
export interface UpstreamCall {
  readonly method: string
  /** Lets the fake upstream act. */
  readonly answer: () => Promise<unknown>
  /** Gives the worker an answer. */
  readonly reply: (value: unknown) => void
  /** Kills the worker with SIGKILL. */
  readonly kill: () => Promise<void>
}

/** Decides what happens at a worker's call upstream. */
export type OnUpstream = (call: UpstreamCall) => Promise<void>

/** Starts a worker on a database; `upstream` lives here, as a server would. */
export async function startWorker(
  url: string,
  upstream: FakeUpstream,
  onUpstream: OnUpstream = async ({ answer, reply }) => reply(await answer()),
): Promise<Worker> {
  const child = fork(await compiled(new URL('worker-process.ts', import.meta.url)), {
    env: { ...process.env, WORKER_DATABASE_URL: url },
    execArgv: [],
  })
  const gone = once(child, 'exit')
  const send = (message: ToWorker): void => {
    if (child.connected) child.send(message)
  }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }
  let settle: ((message: FromWorker) => void) | undefined
  child.on('message', (message: FromWorker) => {
    if (message.kind !== 'upstream') {
      settle?.(message)
      return
    }
    const { call, method, argument } = message
    const methods = { ...upstream } as unknown as Record<string, (argument: unknown) => unknown>
    const answer = async (): Promise<unknown> => methods[method]?.(argument)
    const reply = (value: unknown): void => send({ kind: 'answer', call, value })
    void onUpstream({ method, answer, reply, kill })
  })
  const next = async (): Promise<FromWorker> => {
    const message = new Promise<FromWorker>((resolve) => {
      settle = resolve
    })
    const end = gone.then((): FromWorker => ({ kind: 'failed', message: 'the worker is gone' }))
    return Promise.race([message, end])
  }
  await next()
  return {
    run: async (command) => {
      const answered = next()
      send({ kind: 'command', command })
      const message = await answered
      if (message.kind === 'failed') throw new Error(message.message)
      return message.kind === 'done' ? message.result : undefined
    },
    kill,
  }
}
