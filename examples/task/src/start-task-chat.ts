import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createDiskStore } from '@turnstead/artifacts/disk'
import { WireError } from '@turnstead/wire'
import {
  chooseModel,
  listen,
  logError,
  startAgentServer,
  StartError,
} from '@turnstead-examples/start'
import { demoAnswer } from './agent/demo-answers.js'
import { createChats } from './chats/chats.js'
import { createOuterModel } from './chats/outer-model.js'
import { createApp } from './web/app.js'
import { bundlePage } from './web/bundle-page.js'

/** The running application. */
export interface TaskChat {
  readonly url: string
  /** What to tell the person who started it. */
  readonly line: string
  close(): Promise<void>
}

/** Starts everything. When one piece does not start, stops those that did; a {@link StartError} says why. */
export async function startTaskChat(
  env: NodeJS.ProcessEnv,
  { signal }: { readonly signal: AbortSignal },
): Promise<TaskChat> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed())
      await closer().catch((error: unknown) => logError(error, 'closing'))
  }
  try {
    const dataDir = env['TASK_DATA'] || fileURLToPath(new URL('../data', import.meta.url))
    const http = await listen({ host: '127.0.0.1', port: readPort(env['PORT']) })
    closers.push(() => http.close())
    const bash = env['TASK_SHELL'] === '1' ? 'ask' : 'deny'
    const model = await chooseModel({ env, bash, demo: demoAnswer })
    closers.push(() => model.close())

    const server = await startAgentServer({
      model,
      directory: join(dataDir, 'server'),
      dataDir,
      binary: env['OPENCODE_BINARY'] || null,
      signal,
    })
    closers.push(() => server.close())
    const files = createDiskStore({ root: join(dataDir, 'files') })
    const folder = join(dataDir, 'chats')
    const outer = createOuterModel()
    const chats = createChats({ folder, server, files, outer, onError: logError })
    closers.push(() => chats.close())

    http.serve(createApp({ chats, files, page: await bundlePage() }))
    // The first to end: no one may come in any more while the rest closes.
    closers.push(() => http.close())
    const agent =
      model.name === null ? 'agent and chat follow a script' : `the agent is ${model.name}`
    return { url: http.url, line: `Turnstead task: ${http.url} (${agent})`, close }
  } catch (error) {
    await close()
    throw WireError.is(error) ? new StartError(error.message, { cause: error }) : error
  }
}

function readPort(value: string | undefined): number {
  const port = Number(value || 3000)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new StartError('PORT must be a number from 0 to 65535.')
}
