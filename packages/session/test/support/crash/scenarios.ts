import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

import {
  ArtifactError,
  createMessageArtifacts,
  type ArtifactCatalog,
  type ArtifactStore,
} from '@turnstead/artifacts'
import { createMulterStorage } from '@turnstead/artifacts/multer'
import {
  placeUploads,
  receiveUpload,
  toUploadArtifact,
  type Upload,
} from '@turnstead/artifacts/uploads'
import {
  backupWorkspace,
  listBackups,
  pruneBackups,
  restoreWorkspace,
} from '@turnstead/artifacts/workspace'
import { expect } from 'chai'

/** What a scenario works with. */
export interface World {
  /** A folder for everything. */
  readonly base: string
  readonly store: ArtifactStore
  readonly catalog: ArtifactCatalog
  readonly signal?: AbortSignal | undefined
}

/** Something that a process may be killed in. */
export interface Scenario {
  readonly prepare: (world: World) => Promise<void>
  /** Throws unless all of it was done. */
  readonly run: (world: World) => Promise<void>
  /** Throws when half of it can be seen. */
  readonly verifyNothingHalf: (world: World) => Promise<void>
  readonly verifyDone: (world: World) => Promise<void>
}

const contents: Readonly<Record<string, Buffer>> = {
  'a.txt': Buffer.from('one'),
  'sub/b.bin': Buffer.alloc(150_000, 'b'),
}

const agentOf = ({ base }: World): string => join(base, 'agent')

async function writeAgent(world: World): Promise<void> {
  for (const [path, bytes] of Object.entries(contents)) {
    const at = join(agentOf(world), path)
    await mkdir(join(at, '..'), { recursive: true })
    await writeFile(at, bytes)
  }
}

async function verifyStored({ store, catalog }: World): Promise<void> {
  for await (const { key, sha256, sizeBytes } of store.list()) {
    const bytes = await buffer((await store.get(key))?.body ?? expect.fail(key))
    expect(bytes.byteLength, key).to.equal(sizeBytes)
    expect(createHash('sha256').update(bytes).digest('hex'), key).to.equal(sha256)
  }
  for await (const { key } of catalog.list('all')) {
    expect(await store.stat(key as never), key).to.not.equal(null)
  }
}

async function verifyRow(world: World, turnId: number, path: string, bytes: Buffer): Promise<void> {
  for await (const entry of world.catalog.list({ turnId })) {
    if (entry.path !== path && !entry.path.endsWith(`/${path}`)) continue
    const found = await world.store.get(entry.key as never)
    expect((await buffer(found?.body ?? expect.fail(path))).equals(bytes), path).to.equal(true)
    return
  }
  expect.fail(`no row for ${path}`)
}

/** Everything in a directory with its bytes. */
async function treeOf(directory: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of (await readdir(join(directory, below))).sort()) {
    const path = join(below, name)
    const at = join(directory, path)
    const isFolder = (await lstat(at)).isDirectory()
    if (isFolder) Object.assign(found, await treeOf(directory, path))
    else
      found[path] = createHash('sha256')
        .update(await readFile(at))
        .digest('hex')
  }
  return found
}

const collect: Scenario = {
  prepare: writeAgent,
  run: async (world) => {
    const { store, catalog, signal } = world
    const artifacts = createMessageArtifacts({ store, catalog, directory: agentOf(world) })
    const tools = Object.keys(contents).map((filePath) => ({
      ...{ tool: 'write', status: 'completed', input: { filePath, content: '' } },
      metadata: { filepath: join(agentOf(world), filePath) },
    }))
    const { dropped } = await artifacts.collect({ turnId: 1, conversationId: 1, tools, signal })
    const [first] = dropped
    if (first === undefined) return
    expect(first).to.include({ reason: 'store_failed', retryable: true })
    throw first.cause instanceof Error ? first.cause : new Error(first.reason)
  },
  verifyNothingHalf: verifyStored,
  verifyDone: async (world) => {
    for (const [path, bytes] of Object.entries(contents)) await verifyRow(world, 1, path, bytes)
  },
}

const upload: Scenario = {
  prepare: writeAgent,
  run: async ({ store, catalog }) => {
    const engine = createMulterStorage({ store, catalog })
    const file = { stream: Readable.from([Buffer.alloc(1000, 'u')]), originalname: 'u.txt' }
    const received = await new Promise<{ upload: Upload }>((resolve, reject) =>
      engine._handleFile({} as never, file as never, (error: unknown, info) =>
        error ? reject(error as Error) : resolve(info as unknown as { upload: Upload }),
      ),
    )
    await catalog.record([toUploadArtifact(received.upload, { turnId: 2, conversationId: 1 })])
  },
  verifyNothingHalf: verifyStored,
  verifyDone: (world) => verifyRow(world, 2, 'u.txt', Buffer.alloc(1000, 'u')),
}

const place: Scenario = {
  prepare: async (world) => {
    await writeAgent(world)
    const uploads: Upload[] = []
    for (const [path, source] of Object.entries(contents)) {
      uploads.push(await receiveUpload(world, { source, originalName: path }))
    }
    const rows = uploads.map((each) => toUploadArtifact(each, { turnId: 2, conversationId: 1 }))
    await world.catalog.record(rows)
    await writeFile(join(world.base, 'uploads.json'), JSON.stringify(uploads))
  },
  run: async (world) => {
    const { store, base, signal } = world
    const uploads = JSON.parse(await readFile(join(base, 'uploads.json'), 'utf8')) as Upload[]
    const report = await placeUploads({ store, directory: agentOf(world), uploads, signal })
    const [first] = report.skipped
    if (first !== undefined) throw first.cause
    expect(report.placed.map(({ path }) => path)).to.deep.equal(['uploads/a.txt', 'uploads/b.bin'])
  },
  verifyNothingHalf: async (world) => {
    const folder = join(agentOf(world), 'uploads')
    for (const name of await readdir(folder).catch(() => [])) {
      if (name.startsWith('.turnstead-upload-')) continue
      const bytes = name === 'a.txt' ? contents['a.txt'] : contents['sub/b.bin']
      expect((await readFile(join(folder, name))).equals(bytes ?? expect.fail()), name).to.equal(
        true,
      )
    }
  },
  verifyDone: async (world) => {
    const folder = join(agentOf(world), 'uploads')
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.'))
    expect(names.sort()).to.deep.equal(['a.txt', 'b.bin'])
    for (const name of names) expect((await lstat(join(folder, name))).nlink).to.equal(1)
  },
}

const name = 'c1'

const backup: Scenario = {
  prepare: async (world) => {
    await writeAgent(world)
    await backupWorkspace({ store: world.store, name, directory: agentOf(world) })
    await writeFile(join(agentOf(world), 'new'), 'new')
  },
  run: async (world) => {
    const { store, signal } = world
    await backupWorkspace({ store, name, directory: agentOf(world), signal })
    await pruneBackups({ store, name, keep: 1, signal })
  },
  verifyNothingHalf: async (world) => {
    await verifyStored(world)
    for await (const { id } of listBackups(world.store, name)) {
      const directory = join(world.base, `${id}-${Math.random()}`)
      await restoreWorkspace({ store: world.store, name, id, directory })
      const { new: _new, ...earlier } = await treeOf(agentOf(world))
      expect(await treeOf(directory)).to.include(earlier)
    }
  },
  verifyDone: async (world) => {
    const { store, base } = world
    const directory = join(base, 'restored')
    await restoreWorkspace({ store, name, directory, into: 'replace' })
    expect(await treeOf(directory)).to.deep.equal(await treeOf(agentOf(world)))
    await pruneBackups({ store, name, keep: 1, longestBackupMs: 1, clock: { now: () => 1e15 } })
    const keys: string[] = []
    for await (const { key } of store.list({ prefix: 'workspaces/' })) keys.push(key)
    const parts = keys.map((key) => key.split('/').at(-1) ?? '').sort()
    expect(parts).to.deep.equal(['manifest', 'pack', 'pack'])
  },
}

const restore: Scenario = {
  prepare: async (world) => {
    await writeAgent(world)
    await backupWorkspace({ store: world.store, name, directory: agentOf(world) })
  },
  run: async (world) => {
    const { store, base, signal } = world
    const done = await restoreWorkspace({ store, name, directory: join(base, 'to'), signal })
    expect(done).to.include({ files: 2 })
  },
  verifyNothingHalf: async (world) => {
    const { store, base } = world
    const directory = join(base, 'to')
    const names = await readdir(directory).catch(() => [])
    if (names.every((each) => each === '.turnstead-restoring')) return
    const taken = await backupWorkspace({ store, name, directory }).then(
      () => true,
      () => false,
    )
    if (taken) expect(await treeOf(directory)).to.deep.equal(await treeOf(agentOf(world)))
  },
  verifyDone: async (world) => {
    const directory = join(world.base, 'to')
    expect(await treeOf(directory)).to.deep.equal(await treeOf(agentOf(world)))
  },
}

export const scenarios: Readonly<Record<string, Scenario>> = {
  collect,
  upload,
  place,
  backup,
  restore,
}

/** Throws unless an error says that the storage failed and that another try may help; the system's own is its cause. */
export function assertCoded(error: unknown): void {
  if (!ArtifactError.is(error)) throw error
  expect(error).to.include({ code: 'storage_failed', retryable: true })
}

/** Sweeps as a host does, and throws when anything is left that belongs to nothing. */
export async function verifySwept(
  { base, store, catalog }: World,
  sweeping: { readonly removeStale: () => Promise<unknown>; readonly later: ArtifactCatalog },
): Promise<void> {
  const now = (): number => Date.now() + 3 * 86_400_000
  const artifacts = createMessageArtifacts({
    ...{ store, catalog: sweeping.later, directory: base },
    clock: { now, sleep: async () => undefined },
  })
  await artifacts.sweep()
  await sweeping.removeStale()
  const rows = new Set<string>()
  for await (const { key } of catalog.list('all')) rows.add(key)
  let objects = 0
  for await (const { key } of store.list()) {
    objects += 1
    if (!key.startsWith('workspaces/')) expect(rows.has(key), key).to.equal(true)
  }
  const files = await treeOf(join(base, 'store'))
  expect(Object.keys(files)).to.have.length(objects)
}
