import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processIdentity } from './process-identity.js'
import { killTree, markedProcesses } from './process-tree.js'
import { startFailed } from './start-failed.js'

const fileName = 'turnstead-server.json'

/** What the next start must know to clean up after a host that was killed. */
interface ServerRecord {
  /** Random text that every process of this server carries in its environment. */
  readonly mark: string
  /** The host that started the server. */
  readonly ownerPid: number
  readonly ownerIdentity: string
  /** The server; null while it is being started. */
  readonly pid: number | null
  readonly identity: string | null
}

/**
 * Takes the data folder for this process, first stopping what a dead host left running in it.
 *
 * @throws WireError with code `server_start_failed` when a living host uses the folder.
 */
export function claimDataDir(dataDir: string, mark: string): void {
  const record = JSON.stringify(newRecord(mark, null))
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    try {
      writeFileSync(join(dataDir, fileName), record, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if (!isExisting(error)) throw error
    }
    if (!reclaimDataDir(dataDir)) break
  }
  throw startFailed(
    'another server is using this data folder; close that one or choose another `dataDir`.',
  )
}

/** Notes which process is to be stopped if this host dies. */
export function recordServer(dataDir: string, mark: string, pid: number): void {
  const path = join(dataDir, fileName)
  writeFileSync(`${path}.new`, JSON.stringify(newRecord(mark, pid)), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Gives the folder back. */
export function releaseDataDir(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true })
}

/**
 * Stops the server that a dead host left behind and removes its record.
 * False when there is no record, or its host is alive.
 */
export function reclaimDataDir(dataDir: string): boolean {
  const record = readRecord(dataDir)
  if (record === null) return false
  if (processIdentity(record.ownerPid) === record.ownerIdentity) return false
  stopOrphan(record)
  releaseDataDir(dataDir)
  return true
}

const maxAttempts = 3

function stopOrphan(record: ServerRecord): void {
  const { pid, mark } = record
  const identity = pid === null ? null : processIdentity(pid)
  if (pid !== null && identity !== null && identity === record.identity) killTree(pid, mark)
  // The server itself may be gone while commands that it started go on.
  for (const left of markedProcesses(mark)) killTree(left, mark)
}

function newRecord(mark: string, pid: number | null): ServerRecord {
  return {
    mark,
    ownerPid: process.pid,
    ownerIdentity: processIdentity(process.pid) ?? '',
    pid,
    identity: pid === null ? null : processIdentity(pid),
  }
}

/** An unreadable record counts as one of a dead host without a process: there is nothing to stop by it. */
function readRecord(dataDir: string): ServerRecord | null {
  let text: string
  try {
    text = readFileSync(join(dataDir, fileName), 'utf8')
  } catch {
    return null
  }
  const value = parseObject(text)
  return {
    mark: typeof value['mark'] === 'string' ? value['mark'] : 'none',
    ownerPid: typeof value['ownerPid'] === 'number' ? value['ownerPid'] : 0,
    ownerIdentity: typeof value['ownerIdentity'] === 'string' ? value['ownerIdentity'] : 'none',
    pid: typeof value['pid'] === 'number' ? value['pid'] : null,
    identity: typeof value['identity'] === 'string' ? value['identity'] : null,
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST'
}
