import type { ScriptedModel } from '@turnstead/testkit'
import { type RunningOpencode, startOpencode } from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A real server whose data can be lost. */
export interface MortalServer {
  readonly directory: string
  readonly client: Client
  readonly address: {
    readonly baseUrl: string
    readonly username: string
    readonly password: string
  }
  /** Another client, as another process has it. */
  connect(): Client
  /** Ends it without a word and starts it again. */
  restart(): Promise<void>
  /** Ends it without a word and starts one with the same address and empty data. */
  lose(): Promise<void>
  /** Empties the workspace. */
  clean(): Promise<void>
  close(): Promise<void>
}

export async function startMortal(model: ScriptedModel): Promise<MortalServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-mortal-'))
  const directory = await mkdtemp(join(tmpdir(), 'turnstead-work-'))
  const server: RunningOpencode = await startOpencode({ model, dataDir, directory })
  const { url: baseUrl, username, password } = server
  const connect = (): Client => createClient({ baseUrl, username, password, directory, env: {} })
  const client = connect()
  return {
    directory,
    client,
    address: { baseUrl, username, password },
    connect,
    async restart() {
      await server.kill('SIGKILL')
      await server.restart()
    },
    async lose() {
      await server.kill('SIGKILL')
      for (const name of ['data', 'state', 'cache', 'tmp']) {
        await rm(join(dataDir, name), { recursive: true, force: true })
        await mkdir(join(dataDir, name))
      }
      await server.restart()
    },
    async clean() {
      for (const name of await readdir(directory)) {
        await rm(join(directory, name), { recursive: true, force: true })
      }
    },
    async close() {
      await client.close()
      await server.close()
      await rm(dataDir, { recursive: true, force: true })
      await rm(directory, { recursive: true, force: true })
    },
  }
}
