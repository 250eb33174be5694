import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { createMessageArtifacts } from '../../src/index.js'
import { createMemoryStore } from '../../src/memory.js'
import { ArtifactError } from '../../src/errors.js'
import type { ArtifactStore } from '../../src/store/store.js'
import { placeUploads, receiveUpload, type Upload } from '../../src/uploads.js'
import { backupWorkspace, restoreWorkspace } from '../../src/workspace.js'
import type { Target } from './attacker.js'

/** How a race ended. */
export interface RaceReport {
  /** Bytes of the secret in a store, and bytes outside that were written, changed or removed. */
  readonly leakedBytes: number
  readonly swaps: number
  /** How often each job ran. */
  readonly runs: number
  /** How often a swap was met and refused, by what was said of it. */
  readonly refused: ReadonlyMap<string, number>
}

interface Ground {
  readonly agent: string
  readonly outside: string
  readonly secret: string
  /** What the secret file holds. */
  readonly mark: Buffer
  readonly count: (what: string) => void
}

/** Runs all that touches an agent's directory against an attacker in another process, for so many milliseconds. */
export async function runRace(ms: number): Promise<RaceReport> {
  const temp = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-race-')))
  const refused = new Map<string, number>()
  const ground: Ground = {
    agent: join(temp, 'agent'),
    outside: join(temp, 'outside'),
    secret: join(temp, 'outside', 'file'),
    mark: Buffer.from(`secret-${randomBytes(16).toString('hex')}`),
    count: (what) => refused.set(what, (refused.get(what) ?? 0) + 1),
  }
  await plant(ground)
  const target: Target = {
    places: ['', 'uploads', 'restored'].map((place) => join(ground.agent, place)),
    secret: ground.secret,
    outside: ground.outside,
  }
  const attacker = fork(fileURLToPath(new URL('./attacker.ts', import.meta.url)), [
    JSON.stringify(target),
  ])
  try {
    await once(attacker, 'message')
    let [runs, leakedBytes] = [0, 0]
    const uploads = await receiveSome()
    const backup = await backupOfSome(temp)
    const endsAt = performance.now() + ms
    while (performance.now() < endsAt) {
      leakedBytes += await collectOnce(ground)
      leakedBytes += await backupOnce(ground)
      await placeOnce(ground, uploads)
      await restoreOnce(ground, backup)
      runs += 1
    }
    attacker.send('stop')
    const [swaps] = (await once(attacker, 'message')) as [number]
    leakedBytes += await changesOutside(ground)
    return { leakedBytes, swaps, runs, refused }
  } finally {
    attacker.kill()
    if (attacker.exitCode === null && attacker.signalCode === null) await once(attacker, 'exit')
    await rm(temp, { recursive: true, force: true })
  }
}

async function plant({ agent, outside, secret, mark }: Ground): Promise<void> {
  await mkdir(outside)
  await writeFile(secret, mark)
  for (const place of ['', 'uploads', 'restored']) {
    await mkdir(join(agent, place, 'folder'), { recursive: true })
    await writeFile(join(agent, place, 'file'), 'harmless')
    await writeFile(join(agent, place, 'folder', 'file'), 'harmless')
  }
}

async function leaksIn(store: ArtifactStore, { mark }: Ground): Promise<number> {
  let leaked = 0
  for await (const { key } of store.list()) {
    const found = await store.get(key)
    if (found !== null && (await buffer(found.body)).includes(mark)) leaked += mark.byteLength
  }
  return leaked
}

/** Both ways to a file: a tool call names it, and the search finds it. */
async function collectOnce(ground: Ground): Promise<number> {
  const store = createMemoryStore()
  const artifacts = createMessageArtifacts({ store, directory: ground.agent, scan: true })
  const paths = ['file', 'folder/file', 'uploads/file', 'restored/folder/file']
  const tools = paths.map((filePath) => ({
    tool: 'edit',
    status: 'completed',
    input: { filePath },
  }))
  const { dropped } = await artifacts.collect({ turnId: 1, tools, startedAt: 0 })
  for (const { reason } of dropped) if (reason !== 'missing') ground.count(`collect: ${reason}`)
  return leaksIn(store, ground)
}

async function backupOnce(ground: Ground): Promise<number> {
  const store = createMemoryStore()
  const { skipped } = await backupWorkspace({ store, directory: ground.agent, name: 1 })
  for (const { reason } of skipped) ground.count(`backup: ${reason}`)
  return leaksIn(store, ground)
}

interface Uploads {
  readonly store: ArtifactStore
  readonly uploads: readonly Upload[]
}

async function receiveSome(): Promise<Uploads> {
  const store = createMemoryStore()
  const source = Buffer.from('an upload')
  return { store, uploads: [await receiveUpload({ store }, { source, originalName: 'file' })] }
}

/** Into a folder that is swapped itself, and into one in whose place a link may be. */
async function placeOnce({ agent, count }: Ground, { store, uploads }: Uploads): Promise<void> {
  for (const folder of ['uploads', 'folder', 'uploads/folder']) {
    try {
      const { skipped } = await placeUploads({ store, directory: agent, uploads, folder })
      for (const { cause } of skipped) count(`place: ${codeOf(cause)}`)
    } catch (error) {
      count(`place: ${codeOf(error)}`)
    }
  }
}

/** Of a workspace with the names that are attacked. */
async function backupOfSome(temp: string): Promise<ArtifactStore> {
  const store = createMemoryStore()
  const directory = join(temp, 'original')
  await mkdir(join(directory, 'folder/inner'), { recursive: true })
  for (const path of ['file', 'folder/file', 'folder/new', 'folder/inner/file']) {
    await writeFile(join(directory, path), `restored ${path}`)
  }
  await backupWorkspace({ store, directory, name: 2 })
  return store
}

async function restoreOnce({ agent, count }: Ground, store: ArtifactStore): Promise<void> {
  const options = { store, directory: join(agent, 'restored'), name: 2, into: 'replace' } as const
  try {
    await restoreWorkspace(options)
  } catch (error) {
    count(`restore: ${codeOf(error)}`)
  }
}

function codeOf(error: unknown): string {
  if (!ArtifactError.is(error)) throw error
  const { cause } = error
  const isSystem = cause instanceof Error && 'code' in cause
  return isSystem ? `${error.code} (${String(cause.code)})` : error.code
}

/** Bytes outside that are there and were not, or are not there any more; a file's name counts as one at least. */
async function changesOutside({ outside, secret, mark }: Ground): Promise<number> {
  let changed = 0
  for (const name of await readdir(outside)) {
    const path = join(outside, name)
    if (path === secret) continue
    const info = await lstat(path)
    changed += Math.max(1, info.isFile() ? info.size : 1)
  }
  const kept = await readFile(secret).catch(() => Buffer.alloc(0))
  return kept.equals(mark) ? changed : changed + mark.byteLength
}
