import { resolve } from 'node:path'
import { createMessageArtifacts } from '@turnstead/artifacts'
import { turboStream } from '@turnstead/reply/turbo'
import { WireError } from '@turnstead/wire'
import { listen, logError, StartError } from '@turnstead-examples/start'
import { startAgentServer } from './agent/agent-server.js'
import { chooseModel } from './agent/model.js'
import type { AgentState } from './agent/state.js'
import { composeChat } from './compose.js'
import { openFileStore } from './file-store.js'
import { openDatabase } from './rows/database.js'
import { readSettings } from './settings.js'
import { modelNote } from './views/layout.js'

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
    for (const closer of closers.splice(0).toReversed())
      await closer().catch((error: unknown) => logError(error, 'closing'))
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

    const agent = await startAgentServer({ settings, model, signal })
    closers.push(() => agent.close())
    const { client, directory } = agent
    // A directory is slow the first time: let that not be the user's first message.
    client.session.status().catch(() => undefined)

    const artifactStore = await openFileStore(settings)
    const { app, rows, worker, feed, prompts } = composeChat({
      database,
      client,
      artifacts: createMessageArtifacts({ store: artifactStore, directory }),
      artifactStore,
      directory,
      workerName: settings.workerName,
      roots: [directory, dataDir].map((path) => resolve(path)),
      model: model.info,
      suggestions: model.suggestions,
      agentState: () => agent.state(),
      address: {
        origin: settings.publicOrigin,
        hostnames: http.isLoopback ? ['localhost', '127.0.0.1', '[::1]'] : null,
      },
      onError: logError,
    })
    closers.push(() => worker.close())
    agent.watch((state) => {
      worker.say(troubles[state])
      const note = modelNote({ model: model.info, agent: state })
      feed.publishToAll([turboStream('replace', 'model', note)])
    })

    for (const message of await rows.openTurns()) {
      const { id: turnId, conversationId } = message
      worker.run({ turnId, conversationId, prompt: await prompts(message) })
    }
    http.serve(app)
    // The first to end: no one may come in any more while the rest closes.
    closers.push(() => http.close())
    signal.throwIfAborted()
    const notes = [
      model.info.hint ?? `The model is ${model.info.label}.`,
      ...(http.isLoopback && settings.publicOrigin === null
        ? []
        : ['Everybody who reaches this address can use it.']),
    ]
    const url = settings.publicOrigin ?? http.url
    return { url, line: `Turnstead chat: ${url} (${notes.join(' ')})`, close }
  } catch (error) {
    await close()
    throw WireError.is(error) ? new StartError(error.message, { cause: error }) : error
  }
}

/** What a reader of a running turn is shown; `up` is said when the server is back. */
const troubles: Readonly<Record<AgentState, string>> = {
  up: 'OpenCode is back. Finding out how far it had come.',
  restarting: 'OpenCode has stopped and is being restarted. What you see is kept.',
  down: 'OpenCode has stopped and cannot be restarted. What you see is kept.',
}
