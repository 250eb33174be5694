import { createHash, randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processIdentity } from './process/process-identity.js'
import { killTree, markedProcesses } from './process/process-tree.js'
import { startFailed } from './start-failed.js'
import { errorCode } from '../values/error-code.js'

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
  if (claim(join(dataDir, fileName), newRecord(mark, null))) return
  throw startFailed(
    'another server is using this data folder; close that one or choose another `dataDir`.',
  )
}

/** Notes which process is to be stopped if this host dies. */
export function recordServer(dataDir: string, mark: string, pid: number): void {
  const path = join(dataDir, fileName)
  writeFileSync(`${path}.new`, newRecord(mark, pid), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Gives the folder back. */
export function releaseDataDir(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true })
}

/**
 * Takes the data folder of a dead host, first stopping what it left running.
 * False when there is no record, or its host is alive, or another process takes it at this moment.
 */
export function reclaimDataDir(dataDir: string, mark: string): boolean {
  const path = join(dataDir, fileName)
  const text = readText(path)
  return text !== null && takeOver(path, text, newRecord(mark, null))
}

/** Puts a record where none of a living host is; of any number of processes that try, one succeeds. */
function claim(path: string, record: string): boolean {
  if (place(path, record)) return true
  const text = readText(path)
  // It was given back between the two looks.
  if (text === null) return place(path, record)
  return takeOver(path, text, record)
}

/** Linked, so that no one ever reads half a record. */
function place(path: string, record: string): boolean {
  const draft = `${path}.${randomUUID()}.new`
  writeFileSync(draft, record, { flag: 'wx', mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isExisting(error)) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/**
 * Replaces the record of a dead host. Who saw it may do so a moment after another host did, and would then remove the
 * record of a living host. So the right to succeed this very record is claimed first, in the same way, and it is looked at again.
 */
function takeOver(path: string, text: string, record: string): boolean {
  const dead = parseRecord(text)
  if (processIdentity(dead.ownerPid) === dead.ownerIdentity) return false
  const succession = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
  if (!claim(succession, record)) return false
  if (readText(path) !== text) {
    rmSync(succession, { force: true })
    return false
  }
  stopOrphan(dead)
  renameSync(succession, path)
  return true
}

function stopOrphan(record: ServerRecord): void {
  const { pid, mark } = record
  const identity = pid === null ? null : processIdentity(pid)
  if (pid !== null && identity !== null && identity === record.identity) killTree(pid, mark)
  // The server itself may be gone while commands that it started go on.
  for (const left of markedProcesses(mark)) killTree(left, mark)
}

function newRecord(mark: string, pid: number | null): string {
  const record: ServerRecord = {
    mark,
    ownerPid: process.pid,
    ownerIdentity: processIdentity(process.pid) ?? '',
    pid,
    identity: pid === null ? null : processIdentity(pid),
  }
  return JSON.stringify(record)
}

/** An unreadable record counts as one of a dead host without a process: there is nothing to stop by it. */
function parseRecord(text: string): ServerRecord {
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

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function isExisting(error: unknown): boolean {
  return errorCode(error) === 'EEXIST'
}
