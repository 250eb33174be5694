import { join } from 'node:path'
import { createMessageArtifacts } from '@turnstead/artifacts'
import { createDiskStore } from '@turnstead/artifacts/disk'
import { WireError } from '@turnstead/wire'
import { startAgentServer, type AgentState } from './agent-server.js'
import { createAnnouncer } from './announcer.js'
import { createApp } from './app.js'
import { openDatabase } from './database.js'
import { createFeed } from './feed.js'
import { listen } from './http-listener.js'
import { chooseModel } from './model.js'
import { createChatRows } from './rows.js'
import { readSettings } from './settings.js'
import { StartError } from './start-error.js'
import { turboStream } from './turbo-stream.js'
import { createTurnViews } from './turn-views.js'
import { modelNote } from './views/layout.js'
import { createWorker } from './worker.js'

/** The running application. */
export interface Chat {
  readonly url: string
  /** What to tell the person who started it. */
  readonly line: string
  close(): Promise<void>
}

export interface StartOptions {
  /** Aborting it breaks the start off; nothing is left running. */
  readonly signal: AbortSignal
}

/** Starts everything. When one piece does not start, stops those that did; a {@link StartError} says why. */
export async function startChat(env: NodeJS.ProcessEnv, { signal }: StartOptions): Promise<Chat> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer().catch(logError)
  }
  try {
    const settings = readSettings(env)
    const { dataDir, host, port } = settings
    // First of all: a port that is taken should not cost a start of everything else.
    const http = await listen({ host, port })
    closers.push(() => http.close())

    const database = await openDatabase(settings.databaseUrl)
    closers.push(() => database.destroy())
    const model = await chooseModel({ env, allowsShell: settings.allowsShell })
    closers.push(() => model.close())

    const feed = createFeed()
    const agent = await startAgentServer({ settings, model, signal })
    closers.push(() => agent.close())
    const { client, directory } = agent

    const rows = createChatRows(database)
    const artifactStore = createDiskStore({ root: join(dataDir, 'files') })
    const artifacts = createMessageArtifacts({ store: artifactStore, directory })
    const worker = createWorker({
      client,
      store: rows.store,
      artifacts,
      feed,
      name: settings.workerName,
      directory,
      onEnd: ({ turnId }, options) => announcer.end(turnId, options),
      onError: logError,
    })
    closers.push(() => worker.close())
    const views = createTurnViews({ worker, artifacts, directory })
    const announcer = createAnnouncer({ rows, views, feed })
    agent.watch((state) => {
      worker.say(troubles[state])
      const note = modelNote({ model: model.info, agent: state })
      feed.publishToAll([turboStream('replace', 'model', note)])
    })

    for (const { id: turnId, conversationId, body: prompt } of await rows.openTurns()) {
      worker.run({ turnId, conversationId, prompt })
    }
    http.serve(
      createApp({
        rows,
        worker,
        feed,
        views,
        announcer,
        artifacts,
        artifactStore,
        model: model.info,
        suggestions: model.suggestions,
        agentState: () => agent.state(),
        hostnames: http.isLoopback ? ['localhost', '127.0.0.1', '[::1]'] : null,
        onError: logError,
      }),
    )
    // The first to end: nobody may come in any more while the rest closes.
    closers.push(() => http.close())
    signal.throwIfAborted()
    const notes = [
      model.info.hint ?? `The model is ${model.info.label}.`,
      ...(http.isLoopback ? [] : ['Everybody who reaches this address can use it.']),
    ]
    return { url: http.url, line: `Turnstead chat: ${http.url} (${notes.join(' ')})`, close }
  } catch (error) {
    await close()
    throw WireError.is(error) ? new StartError(error.message, { cause: error }) : error
  }
}

/** What a reader of a running turn is told; `up` is said when the server is back. */
const troubles: Readonly<Record<AgentState, string>> = {
  up: 'OpenCode is back. Finding out how far it had come.',
  restarting: 'OpenCode has stopped and is being restarted. What you see is kept.',
  down: 'OpenCode has stopped and cannot be restarted. What you see is kept.',
}

function logError(error: unknown): void {
  console.error(error)
}
