import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Folders of one server that share nothing with the machine's user. */
export interface IsolatedHome {
  /** The folder that holds all the others. */
  readonly root: string
  /** The default project directory. */
  readonly project: string
  /** Environment variables that point the server at its folders. */
  readonly env: Readonly<Record<string, string>>
  /** Removes everything. */
  remove(): Promise<void>
}

/** Makes the folders, in `root` when it is given (it is then kept), else in a new temporary folder. */
export async function createIsolatedHome(
  config: unknown,
  options: {
    readonly root?: string | undefined
    readonly git: boolean
    readonly installPlugins: boolean
  },
): Promise<IsolatedHome> {
  const root = await realpath(
    options.root ?? (await mkdtemp(join(tmpdir(), 'turnstead-opencode-'))),
  )
  const folder = (name: string): string => join(root, name)
  const configFolder = join(folder('config'), 'opencode')
  for (const name of ['home', 'data', 'state', 'cache', 'tmp', 'project']) {
    await mkdir(folder(name), { recursive: true })
  }
  await mkdir(configFolder, { recursive: true })
  await writeFile(join(configFolder, 'opencode.json'), JSON.stringify(config, null, 2))
  if (!options.installPlugins) await pretendInstalled(configFolder)
  if (options.git) await initialiseGit(folder('project'))
  return {
    root,
    project: folder('project'),
    env: {
      HOME: folder('home'),
      XDG_DATA_HOME: folder('data'),
      XDG_CONFIG_HOME: folder('config'),
      XDG_STATE_HOME: folder('state'),
      XDG_CACHE_HOME: folder('cache'),
      TMPDIR: folder('tmp'),
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    },
    remove: async () => {
      if (options.root === undefined) {
        await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      }
    },
  }
}

/** The server takes what a lock file names beside a `node_modules` for installed. */
async function pretendInstalled(folder: string): Promise<void> {
  const dependencies = { '@opencode-ai/plugin': '*' }
  const lock = { lockfileVersion: 3, packages: { '': { dependencies } } }
  await mkdir(join(folder, 'node_modules'), { recursive: true })
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock))
}

const run = promisify(execFile)

async function initialiseGit(directory: string): Promise<void> {
  const git = (...words: string[]): Promise<unknown> => run('git', words, { cwd: directory })
  await git('init', '-q', '-b', 'main')
  await git('config', 'user.email', 'testkit@example.invalid')
  await git('config', 'user.name', 'testkit')
  await writeFile(join(directory, 'seed.txt'), 'seed line 1\nseed line 2\n')
  await git('add', '-A')
  await git('commit', '-qm', 'seed')
}
