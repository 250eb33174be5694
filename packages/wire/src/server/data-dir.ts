import { chmodSync, readdirSync, rmSync } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { WireError } from '../errors.js'
import { dataFolders } from './process/child-env.js'
import { choosePluginPackages } from './plugin-packages.js'
import { startFailed } from './start-failed.js'
import { claimDataDir, reclaimDataDir, releaseDataDir } from './server-record.js'

const temporaryPrefix = 'turnstead-server-'

/** A data folder that belongs to one server until it is released. */
export interface ClaimedDataDir {
  /** Absolute path. */
  readonly path: string
  /** Removes what earlier processes left in the temporary folder; only while none is running. */
  readonly tidy: () => void
  /** Synchronous, because it also runs while the host exits. Removes the folder if it was a temporary one. */
  readonly release: () => void
}

/**
 * Claims the given folder, or makes a temporary one.
 *
 * @throws WireError with code `server_start_failed`.
 */
export async function openDataDir(
  dataDir: string | undefined,
  mark: string,
  installPlugins = true,
): Promise<ClaimedDataDir> {
  try {
    return await prepare(dataDir, mark, installPlugins)
  } catch (error) {
    throw WireError.is(error) ? error : startFailed('its data folder cannot be prepared.', error)
  }
}

async function prepare(
  dataDir: string | undefined,
  mark: string,
  installPlugins: boolean,
): Promise<ClaimedDataDir> {
  if (dataDir === undefined) await sweepTemporary(mark)
  const path = await makeFolder(dataDir)
  claimDataDir(path, mark)
  const release = (): void =>
    quietly(() => (dataDir === undefined ? remove(path) : releaseDataDir(path)))
  try {
    const folders = dataFolders(path)
    for (const folder of Object.values(folders)) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
    }
    await choosePluginPackages(folders.XDG_CONFIG_HOME, installPlugins)
    const tidy = (): void => quietly(() => removeLeftLibraries(folders.TMPDIR))
    tidy()
    return { path, tidy, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Every process unpacks a library of 5.6 MB into its temporary folder and never removes it. */
const leftLibrary = /^\.[0-9a-f]{16}-[0-9a-f]{8}\.(so|dylib|node)$/

function removeLeftLibraries(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (leftLibrary.test(name)) rmSync(join(folder, name), { force: true })
  }
}

function remove(path: string): void {
  const how = { recursive: true, force: true, maxRetries: 3 }
  try {
    rmSync(path, how)
  } catch {
    unlock(path)
    rmSync(path, how)
  }
}

/** The agent's tools leave read-only folders in its home, as Go does with the modules that it loads. */
function unlock(folder: string): void {
  chmodSync(folder, 0o700)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) unlock(join(folder, entry.name))
  }
}

/** For what is only tidiness: a record or folder that stays is cleaned up by the next start. */
function quietly(action: () => void): void {
  try {
    action()
  } catch {
    // Neither a start nor a close fails for this.
  }
}

async function makeFolder(dataDir: string | undefined): Promise<string> {
  if (dataDir === undefined) return mkdtemp(join(await realpath(tmpdir()), temporaryPrefix))
  const path = resolve(dataDir)
  await mkdir(path, { recursive: true, mode: 0o700 })
  return realpath(path)
}

/** A host that was killed cannot remove its temporary folder, and no one else knows its name. */
async function sweepTemporary(mark: string): Promise<void> {
  const root = await realpath(tmpdir())
  for (const name of await readdir(root)) {
    if (!name.startsWith(temporaryPrefix)) continue
    const path = join(root, name)
    if (!(await isOwnFolder(path))) continue
    quietly(() => {
      if (reclaimDataDir(path, mark)) remove(path)
    })
  }
}

async function isOwnFolder(path: string): Promise<boolean> {
  try {
    const stat = await lstat(path)
    return stat.isDirectory() && stat.uid === process.geteuid?.()
  } catch {
    return false
  }
}
