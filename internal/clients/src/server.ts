import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startImpostor, startScriptedModel, type Gate, type ScenarioLike } from '@turnstead/testkit'
import { startOpencode, type RunningOpencode } from '@turnstead/testkit/opencode'

/** A server that a client is pointed at. */
export interface ClientServer {
  readonly name: 'opencode' | 'impostor'
  readonly url: string
  /** Empty: a client that knows no password must work as well. */
  readonly password: string
  readonly headers: Readonly<Record<string, string>>
  /** The project directory; both servers have the same, so that clients wrap lines alike. */
  readonly directory: string
  gate(name: string): Gate
}

/** What a flow needs of its server. */
export interface Stage {
  /** What the model says. */
  readonly answers: ScenarioLike
  /** Files beside `seed.txt`. */
  readonly files?: Readonly<Record<string, string>>
  /** Whether writing files asks for permission. */
  readonly asksToEdit?: boolean
}

/** Starts servers, one for each stage, and ends them all. */
export interface Servers {
  /** Plays on the real server. */
  onOpencode<T>(stage: Stage, use: (server: ClientServer) => Promise<T>): Promise<T>
  /** Plays on Impostor, in the same directory as the last play on the real server. */
  onImpostor<T>(stage: Stage, use: (server: ClientServer) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const seed: Readonly<Record<string, string>> = { 'seed.txt': 'alpha\nbeta\ngamma\n' }
const command = { greet: { template: 'Greet $ARGUMENTS', description: 'Greets' } }
const configOf = (stage: Stage): Readonly<Record<string, unknown>> =>
  stage.asksToEdit === true ? { command, permission: { edit: 'ask' } } : { command }

const password = 'a-password-of-the-clients'

interface Running {
  readonly server: RunningOpencode
  readonly modelPort: number
  readonly directory: string
}

/**
 * There is one real server, with one directory, for all stages with the same configuration: it takes seconds to start,
 * and seconds more to load a directory. After each play its files and sessions are removed.
 */
export async function createServers(): Promise<Servers> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-clients-')))
  const running = new Map<boolean, Running>()
  let lastDirectory = root

  const start = async (stage: Stage, modelUrl: string): Promise<Running> => {
    const directory = join(root, stage.asksToEdit === true ? 'asking' : 'project')
    await mkdir(directory)
    const server = await startOpencode({ model: modelUrl, password, config: configOf(stage) })
    return { server, modelPort: Number(new URL(modelUrl).port), directory }
  }

  return {
    async onOpencode(stage, use) {
      const key = stage.asksToEdit === true
      const known = running.get(key)
      const model = await startScriptedModel(stage.answers, { port: known?.modelPort ?? 0 })
      try {
        const made = known ?? (await start(stage, model.url))
        running.set(key, made)
        const { server, directory } = made
        lastDirectory = directory
        await putFiles(directory, stage.files ?? {})
        const { url, headers } = server
        const gate: ClientServer['gate'] = (name) => model.gate(name)
        const outcome = await use({ name: 'opencode', url, password, headers, directory, gate })
        await removeSessions(made)
        return outcome
      } finally {
        await model.close()
      }
    },
    async onImpostor(stage, use) {
      const directory = lastDirectory
      const impostor = await startImpostor(stage.answers, {
        directory,
        password,
        // Clients compare the times of records with their own clocks.
        startMs: Date.now(),
        files: { ...seed, ...stage.files },
        config: configOf(stage),
      })
      try {
        const { url, headers } = impostor
        const gate: ClientServer['gate'] = (name) => impostor.gate(name)
        return await use({ name: 'impostor', url, password, headers, directory, gate })
      } finally {
        await impostor.close()
      }
    },
    async close() {
      for (const { server } of running.values()) await server.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

async function putFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const name of await readdir(directory)) {
    await rm(join(directory, name), { recursive: true, force: true })
  }
  for (const [path, content] of Object.entries({ ...seed, ...files })) {
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), content)
  }
}

async function removeSessions({ server, directory }: Running): Promise<void> {
  const { url, headers } = server
  const query = `directory=${encodeURIComponent(directory)}`
  const listed: unknown = await (await fetch(`${url}/session?${query}`, { headers })).json()
  for (const session of [listed].flat()) {
    const id = String(Object(session).id)
    await fetch(`${url}/session/${id}?${query}`, { method: 'DELETE', headers })
  }
}
