import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kill } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { databases } from '@turnstead-internal/databases'
import { type Clock, startImpostor, type Impostor, type ScenarioLike } from '@turnstead/testkit'
import { startChatProcess, type ChatProcess } from './chat-process.js'
import { startProxy, type Proxy } from './proxy.js'

const postgresql = databases.find(({ name }) => name === 'postgresql')

/** Why there is no fleet here; null when there can be one. */
export const fleetProblem: string | null =
  postgresql === undefined ? 'PostgreSQL is not known here' : postgresql.skip

/** One process of all roles, on PostgreSQL. */
export async function startAlone(
  scenario: ScenarioLike,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  if (postgresql === undefined) throw new Error('there is no PostgreSQL')
  const database = await postgresql.open({ isAlone: true })
  const impostor = await startImpostor(scenario)
  const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-alone-'))
  const queue = `alone_${randomBytes(6).toString('hex')}`
  const env = {
    DATABASE_URL: database.url,
    OPENCODE_BASE_URL: impostor.url,
    CHAT_QUEUE: queue,
    CHAT_ROLE: 'all',
  }
  const chat = await startChatProcess({ dataDir, env })
  return {
    url: chat.url,
    async close() {
      await chat.end('SIGTERM')
      await impostor.close()
      await database.knex.raw('drop schema if exists ?? cascade', [queue])
      await database.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** One of the application's processes, which is ended and started again. */
export interface Member {
  readonly role: 'web' | 'worker'
  readonly url: string
  /** What it says of itself. */
  health(): Promise<Readonly<Record<string, unknown>>>
  /** As a crash, or as a deploy does; the exit code, null for an end by a signal. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  start(): Promise<void>
  /** Hangs from now on, as a machine does that is out of reach: no connection ends. The result ends that. */
  freeze(): () => void
  /** Resolves when it is ready. */
  started(): Promise<void>
  output(): string
}

/** Two web processes behind a proxy and two workers, on one PostgreSQL and one server of the agent. */
export interface Fleet {
  readonly url: string
  readonly webs: readonly [Member, Member]
  readonly workers: readonly [Member, Member]
  readonly impostor: Impostor
  readonly proxy: Proxy
  /** From now on the agent says everything at once. */
  hurry(): void
  /** From now on it takes the time that its script says, as at first. */
  dawdle(): void
  /** From now on requests go to this web process, as long as it takes any. */
  prefer(web: Member): void
  /** The worker that runs something. */
  busyWorker(): Promise<Member>
  /** What rows, jobs and the agent's server say: to understand a test that failed. */
  state(): Promise<string>
  close(): Promise<void>
}

/** So long after its last sign of life a worker is taken for dead. */
export const leaseMs = 3_000

export async function startFleet(
  scenario: ScenarioLike,
  {
    env = {},
    isAgentLate = false,
  }: {
    readonly env?: Readonly<Record<string, string>>
    /** The server of the agent does not run before the test says so. */
    readonly isAgentLate?: boolean
  } = {},
): Promise<Fleet> {
  if (postgresql === undefined) throw new Error('there is no PostgreSQL')
  const database = await postgresql.open({ isAlone: true })
  const pace = createPace()
  const impostor = await startImpostor(scenario, { clock: pace.clock })
  const folder = await mkdtemp(join(tmpdir(), 'turnstead-fleet-'))
  const proxy = await startProxy()
  const queue = `fleet_${randomBytes(6).toString('hex')}`
  const shared = {
    CHAT_QUEUE: queue,
    DATABASE_URL: database.url,
    OPENCODE_BASE_URL: impostor.url,
    CHAT_WORKSPACE: join(folder, 'workspace'),
    CHAT_FILES: join(folder, 'files'),
    CHAT_LEASE_MS: String(leaseMs),
    ...env,
  }

  const member = (role: Member['role'], number: number): Member => {
    const dataDir = join(folder, `${role}-${number}`)
    let process: ChatProcess | null = null
    let starting: Promise<void> = Promise.resolve()
    let printed = ''
    const url = (): string => process?.url ?? ''
    return {
      role,
      get url() {
        return url()
      },
      output: () => printed + (process?.output() ?? ''),
      async health() {
        const response = await fetch(`${url()}/health`)
        return (await response.json()) as Record<string, unknown>
      },
      async end(signal) {
        const code = (await process?.end(signal)) ?? null
        printed += process?.output() ?? ''
        process = null
        return code
      },
      freeze() {
        const { pid = 0 } = process ?? {}
        kill(pid, 'SIGSTOP')
        return () => kill(pid, 'SIGCONT')
      },
      async start() {
        const options = { dataDir, env: { ...shared, CHAT_ROLE: role } }
        starting = startChatProcess(options).then((begun) => void (process = begun))
        await starting
      },
      started: () => starting,
    }
  }
  const webs = [member('web', 1), member('web', 2)] as const
  const workers = [member('worker', 1), member('worker', 2)] as const
  const members = [...webs, ...workers]
  if (isAgentLate) await impostor.kill()
  const started = Promise.all(members.map((each) => each.start()))
  // Workers are ready when they have a server.
  await (isAgentLate ? Promise.all(webs.map((each) => each.started())) : started)
  proxy.targets = webs.map(({ url }) => url)

  return {
    url: proxy.url,
    webs,
    workers,
    impostor,
    proxy,
    hurry: () => pace.set(false),
    dawdle: () => pace.set(true),
    prefer(web) {
      const others = webs.filter((each) => each !== web)
      proxy.targets = [web, ...others].map(({ url }) => url).filter((url) => url !== '')
    },
    async busyWorker() {
      for (;;) {
        for (const worker of workers) {
          const { running } = await worker.health().catch(() => ({ running: 0 }))
          if (Number(running) > 0) return worker
        }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async state() {
      const { knex } = database
      const messages = await knex('messages').orderBy('id', 'desc').limit(3)
      const jobs = (await knex.raw('select * from ??._private_jobs', [queue])).rows
      const asked = impostor.journal.filter(() => true).slice(-40)
      return JSON.stringify({ messages, jobs, asked }, null, 1)
    },
    async close() {
      proxy.close()
      await started.catch(() => undefined)
      await Promise.all(members.map((each) => each.end('SIGKILL')))
      await impostor.close()
      await database.knex.raw('drop schema if exists ?? cascade', [queue])
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The pauses between words, which can be left out; what takes longer is waited for. */
function createPace(): { readonly clock: Clock; set(isSlow: boolean): void } {
  const longestPauseMs = 1_000
  let isSlow = true
  let last = 0
  return {
    set: (slow) => void (isSlow = slow),
    clock: {
      // No two records of one time: their order would be another one.
      now: () => (last = Math.max(last + 1, Date.now())),
      monotonic: () => performance.now(),
      async sleep(ms, { signal } = {}) {
        signal?.throwIfAborted()
        if (!isSlow && ms < longestPauseMs) return
        await sleep(ms, undefined, { signal }).catch((error: unknown) => {
          signal?.throwIfAborted()
          throw error
        })
      },
    },
  }
}
