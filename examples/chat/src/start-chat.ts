import { createMessageArtifacts } from '@turnstead/artifacts'
import { html } from '@turnstead/reply/turbo'
import type { TurnWorkerHealth } from '@turnstead/turn'
import { WireError, type Client } from '@turnstead/wire'
import { type HttpListener, isLoopback, listen, StartError } from '@turnstead-examples/start'
import { type AgentServer, startAgentServer, useAgentServer } from './agent/agent-server.js'
import { chooseModel, sharedModel } from './agent/model.js'
import type { AgentState } from './agent/state.js'
import { type Closers, createClosers } from './closers.js'
import { composeWeb, composeWorker } from './compose.js'
import type { RunningWorker } from './jobs/worker.js'
import { openShared, type Shared, workingParts } from './open-shared.js'
import { isPostgres, readSettings, type Role, type Settings } from './settings.js'
import { openUsers } from './users/open-users.js'
import { agentChanges } from './views/agent-note.js'
import { healthRoute } from './web/health.js'

/** The running application. */
export interface Chat {
  /** What to tell the person who started it. */
  readonly line: string
  close(): Promise<void>
}

export interface StartOptions {
  /** Aborting it breaks the start off; nothing is left running. */
  readonly signal: AbortSignal
}

interface Starting extends StartOptions {
  readonly settings: Settings
  readonly env: NodeJS.ProcessEnv
  readonly closers: Closers
}

/** So long requests that are under way are waited for when the application ends. */
const graceMs = 3_000

/** Starts what the role of this process is. When one piece does not start, stops those that did; a {@link StartError} says why. */
export async function startChat(env: NodeJS.ProcessEnv, { signal }: StartOptions): Promise<Chat> {
  const closers = createClosers()
  try {
    const settings = readSettings(env)
    const starting = { settings, env, closers, signal }
    const line = await startRole[settings.role](starting)
    signal.throwIfAborted()
    return { line, close: () => closers.close() }
  } catch (error) {
    await closers.close()
    throw explained(error)
  }
}

/** What went wrong outside of the program, as a sentence for the person who started it. */
function explained(error: unknown): unknown {
  if (WireError.is(error)) return new StartError(error.message, { cause: error })
  if (!(error instanceof Error) || !('syscall' in error) || error.syscall !== 'mkdir') return error
  const folder = 'path' in error ? String(error.path) : 'a folder'
  const advice = 'name others with CHAT_DATA, CHAT_WORKSPACE and CHAT_FILES'
  return new StartError(
    `The folder ${folder} cannot be made: make it, as one that this user may write to, or ${advice}. (${error.message})`,
    { cause: error },
  )
}

const startRole: Readonly<Record<Role, (starting: Starting) => Promise<string>>> = {
  all: startWebRole,
  web: startWebRole,
  worker: startWorkerRole,
  agent: startAgentRole,
}

/** Answers browsers, and runs turns too if no one else does. */
async function startWebRole({ settings, env, closers, signal }: Starting): Promise<string> {
  const { host, port, role, opencodeUrl } = settings
  const open = async (): Promise<HttpListener> => {
    const http = await listen({ host, port: port ?? 0 })
    closers.add('address', () => http.close())
    return http
  }
  // First of all: a port that is taken should not cost a start of everything else. One of several, though, takes no connection
  // before it has pages to show: a proxy would send browsers here that another one can answer.
  const early = isPostgres(settings.databaseUrl) ? null : await open()
  const shared = await openShared(settings, closers)
  const model =
    opencodeUrl === null
      ? await chooseModel({ env, allowsShell: settings.allowsShell })
      : sharedModel
  closers.add('model', () => model.close())

  let state: AgentState = 'starting'
  let agentClient: Client | null = null
  let health = (): TurnWorkerHealth | null => null
  const web = composeWeb({
    ...shared,
    artifacts: createMessageArtifacts({
      store: shared.artifactStore,
      directory: settings.workspace,
    }),
    users: await openUsers(settings),
    model: model.info,
    suggestions: model.suggestions,
    agentState: () => state,
    agent: () => agentClient,
    address: {
      origin: settings.publicOrigin,
      hostnames: isLoopback(host) ? ['localhost', '127.0.0.1', '[::1]'] : null,
    },
    leaseMs: settings.leaseMs,
    facts: () => ({ role, ...health() }),
  })
  // From here on pages are shown; turns wait until the agent's server is there.
  const http = early ?? (await open())
  http.serve(web.app)
  const onState = (next: AgentState): void => {
    if (next === state) return
    state = next
    web.feeds.refresh()
    const changes = html`${agentChanges({ model: model.info, agent: state })}`
    web.streams.toAll({ conversation: null, html: String(changes) })
  }

  const agent = await openAgent({ settings, model, onState, signal })
  agentClient = agent.client
  closers.add('agent', () => agent.close())
  if (role === 'all') {
    const worker = await startTurns(shared, settings, agent)
    health = () => worker.health()
    closers.add('worker', () => worker.close())
  }
  // The first to end: no one may come in any more while the rest closes.
  closers.add('pages', async () => {
    web.close()
    await http.close({ graceMs })
  })
  const note = model.info.hint ?? `The model is ${model.info.label}.`
  return webLine(
    settings,
    http,
    opencodeUrl === null ? note : 'OpenCode is that of OPENCODE_BASE_URL.',
  )
}

/** Runs turns alone. */
async function startWorkerRole({ settings, closers, signal }: Starting): Promise<string> {
  const { host, port } = settings
  const http = port === null ? null : await listen({ host, port })
  if (http !== null) closers.add('address', () => http.close())
  const shared = await openShared(settings, closers)
  let state: AgentState = 'starting'
  const agent = await useAgentServer(settings.opencodeUrl ?? '', {
    settings,
    onState: (next) => (state = next),
    signal,
  })
  closers.add('agent', () => agent.close())
  let health = (): TurnWorkerHealth | null => null
  let isClosing = false
  http?.serve(
    healthRoute({
      database: shared.database,
      isClosing: () => isClosing,
      facts: () => ({ role: 'worker', agent: state, ...health() }),
    }),
  )
  // A turn that began without a server would have to fail.
  await agent.ready
  const worker = await startTurns(shared, settings, agent)
  health = () => worker.health()
  closers.add('worker', async () => {
    isClosing = true
    await worker.close()
  })
  const where = http === null ? '' : `, with its health at ${http.url}/health`
  return `Turnstead chat: worker ${settings.workerName} runs${where}`
}

/** Is the OpenCode server of the others: with the model that the environment has a key for, and the rules of this application. */
async function startAgentRole({ settings, env, closers, signal }: Starting): Promise<string> {
  const model = await chooseModel({ env, allowsShell: settings.allowsShell })
  closers.add('model', () => model.close())
  const agent = await startAgentServer({
    settings,
    model,
    onState: () => undefined,
    signal,
    isShared: true,
  })
  closers.add('agent', () => agent.close())
  return `Turnstead chat: OpenCode at ${agent.url} (${model.info.hint ?? `The model is ${model.info.label}.`})`
}

async function startTurns(
  shared: Shared,
  settings: Settings,
  agent: AgentServer,
): Promise<RunningWorker> {
  const ending = new AbortController()
  const parts = { ...workingParts(shared, settings, agent), signal: ending.signal }
  const worker = await shared.start(composeWorker(parts))
  return {
    health: () => worker.health(),
    async close() {
      ending.abort()
      await worker.close()
    },
  }
}

async function openAgent({
  settings,
  model,
  onState,
  signal,
}: Parameters<typeof startAgentServer>[0]): Promise<AgentServer> {
  const { opencodeUrl, role } = settings
  if (opencodeUrl === null) return await startAgentServer({ settings, model, onState, signal })
  const agent = await useAgentServer(opencodeUrl, { settings, onState, signal })
  if (role === 'all') await agent.ready
  return agent
}

function webLine({ publicOrigin, logIn }: Settings, http: HttpListener, model: string): string {
  const isOpen = logIn.kind !== 'header' && !(http.isLoopback && publicOrigin === null)
  const notes = [model, ...(isOpen ? ['Everybody who reaches this address can use it.'] : [])]
  return `Turnstead chat: ${publicOrigin ?? http.url} (${notes.join(' ')})`
}
