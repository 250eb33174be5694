import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { startImpostor, type Impostor } from '../src/impostor/impostor.js'
import { startScriptedModel, type ScriptedModel } from '../src/model/scripted-model.js'
import { startOpencode, type RunningOpencode } from '../src/opencode/start-opencode.js'
import { reply, text } from '../src/script/builder.js'
import { createAnswerBook, type AnswerBook } from '../src/script/scenario.js'
import type { Played } from './played.js'
import type { ConformanceScenario } from './scenario.js'

/** Something that plays scenarios. */
export interface Target {
  readonly name: 'opencode' | 'impostor'
  play(scenario: ConformanceScenario): Promise<Played>
  close(): Promise<void>
}

const seed: Readonly<Record<string, string>> = { 'seed.txt': 'alpha\nbeta\ngamma\n' }

/** Impostor, fresh for each scenario. */
export function impostorTarget(): Target {
  return {
    name: 'impostor',
    async play(scenario) {
      const impostor: Impostor = await startImpostor(scenario.answers ?? [], {
        directory: '/workspace',
        git: scenario.git ?? false,
        snapshot: wantsSnapshots(scenario),
        files: { ...seed, ...scenario.files },
        ...(scenario.summary === undefined ? {} : { summary: scenario.summary }),
        ...(scenario.config === undefined ? {} : { config: scenario.config }),
        ...(scenario.experimental === undefined ? {} : { experimental: scenario.experimental }),
        ...(scenario.password === undefined ? {} : { password: scenario.password }),
      })
      return {
        url: impostor.url,
        headers: impostor.headers,
        directory: join('/workspace', scenario.below ?? ''),
        quietMs: 30,
        gate: (name) => impostor.gate(name),
        kill: () => impostor.kill(),
        restart: () => impostor.restart(),
        end: () => impostor.close(),
      }
    },
    async close() {},
  }
}

const run = promisify(execFile)

/** What a scenario needs its server to be started with. */
export function serverKey(scenario: ConformanceScenario): string {
  const { config, experimental, git, password, summary } = scenario
  return JSON.stringify([config, password, git ?? false, summary, experimental])
}

/** The real server: one process for all scenarios with the same start options, a fresh directory for each. */
export function opencodeTarget(): Target {
  const servers = new Map<
    string,
    { server: RunningOpencode; model: ScriptedModel; setBook: (book: AnswerBook) => void }
  >()
  const folders: string[] = []
  const serverFor = async (
    scenario: ConformanceScenario,
  ): Promise<NonNullable<ReturnType<typeof servers.get>>> => {
    const key = serverKey(scenario)
    const known = servers.get(key)
    if (known) return known
    let book = createAnswerBook()
    const model = await startScriptedModel(
      (prompt) =>
        book.take({ text: prompt.text, sessionId: prompt.sessionId, agent: null }) ??
        reply(text('The scenario has no answer for this prompt.')),
      scenario.summary === undefined ? {} : { summary: scenario.summary },
    )
    const server = await startOpencode({
      model,
      snapshot: wantsSnapshots(scenario),
      password: scenario.password ?? null,
      ...(scenario.config === undefined ? {} : { config: scenario.config }),
      env: environmentOf(scenario),
    })
    const made = {
      server,
      model,
      setBook: (next: AnswerBook) => void (book = next),
    }
    servers.set(key, made)
    return made
  }
  const shared = new Map<RunningOpencode, string>()
  /** Loading a directory takes the server a second, so scenarios share one, emptied, unless they leave traces in it. */
  const directoryFor = async (
    scenario: ConformanceScenario,
    server: RunningOpencode,
  ): Promise<string> => {
    const isOwn = scenario.git === true || scenario.leavesTraces === true
    const known = isOwn ? undefined : shared.get(server)
    if (known !== undefined) {
      for (const name of await readdir(known))
        await rm(join(known, name), { recursive: true, force: true })
      return known
    }
    const made = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-conformance-')))
    folders.push(made)
    if (!isOwn) shared.set(server, made)
    return made
  }
  return {
    name: 'opencode',
    async play(scenario) {
      const { server, model, setBook } = await serverFor(scenario)
      setBook(createAnswerBook(scenario.answers ?? []))
      const directory = await directoryFor(scenario, server)
      for (const [path, content] of Object.entries({ ...seed, ...scenario.files })) {
        await mkdir(dirname(join(directory, path)), { recursive: true })
        await writeFile(join(directory, path), content)
      }
      if (scenario.git) await initialiseGit(directory)
      return {
        url: server.url,
        headers: server.headers,
        directory: join(directory, scenario.below ?? ''),
        // In a git repository the changes of a turn are reported by a background job, after a while.
        quietMs: scenario.git === true ? 800 : 200,
        gate: (name) => model.gate(name),
        kill: () => server.kill('SIGKILL'),
        restart: () => server.restart(),
        async end() {},
      }
    },
    async close() {
      for (const { server, model } of servers.values()) {
        await server.close()
        await model.close()
      }
      for (const folder of folders) await rm(folder, { recursive: true, force: true })
    },
  }
}

function wantsSnapshots({ config, git }: ConformanceScenario): boolean {
  const given = config?.['snapshot']
  return typeof given === 'boolean' ? given : (git ?? false)
}

function environmentOf({ experimental = {} }: ConformanceScenario): Record<string, string> {
  const { backgroundSubagents, planMode } = experimental
  return {
    ...(backgroundSubagents === true ? { OPENCODE_EXPERIMENTAL_BACKGROUND_SUBAGENTS: 'true' } : {}),
    ...(planMode === true ? { OPENCODE_EXPERIMENTAL_PLAN_MODE: 'true' } : {}),
  }
}

async function initialiseGit(directory: string): Promise<void> {
  const git = (...words: string[]): Promise<unknown> => run('git', words, { cwd: directory })
  await git('init', '-q', '-b', 'main')
  await git('add', '-A')
  const who = ['-c', 'user.email=testkit@example.invalid', '-c', 'user.name=testkit']
  await git(...who, 'commit', '-qm', 'seed')
}
