import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fromBuffer, type Entry, type ZipFile } from 'yauzl'

import { createDiskStore } from '../../src/disk.js'
import { createMemoryStore } from '../../src/memory.js'
import { parseArtifactKey, toKeySegment, type ArtifactStore } from '../../src/index.js'
import { placeUploads, receiveUpload } from '../../src/uploads.js'
import { backupWorkspace, restoreWorkspace } from '../../src/workspace.js'
import { zipArtifacts } from '../../src/zip.js'
import { faultOfName, faultOfPath, sameness } from './oracle.js'
import type { Escape } from './pure.js'

/** Names through a disk as users and agents send them; afterwards nothing may be where it was not to be. */
export async function tryOnDisk(names: readonly string[], tell: Escape): Promise<void> {
  const temp = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-fuzz-')))
  try {
    const agent = join(temp, 'agent')
    await mkdir(agent)
    await writeFile(join(temp, 'outside'), 'outside')
    const store = createDiskStore({ root: join(temp, 'store') })
    await place(store, agent, names, tell)
    await zip(store, names, tell)
    await restore(join(temp, 'restored'), names, tell)
    const around = (await readdir(temp)).sort()
    if (around.join() !== 'agent,outside,restored,store') tell('disk', '', around.join(), 'is new')
  } finally {
    await rm(temp, { recursive: true })
  }
}

async function place(
  store: ArtifactStore,
  directory: string,
  names: readonly string[],
  tell: Escape,
): Promise<void> {
  const uploads = []
  for (const [index, originalName] of names.entries()) {
    const source = Buffer.from(String(index))
    uploads.push(await receiveUpload({ store }, { source, originalName }))
  }
  const { placed, skipped } = await placeUploads({ store, directory, uploads })
  for (const { upload } of skipped) tell('placeUploads', upload.originalName, '', 'is not placed')
  const found = await readdir(join(directory, 'uploads'), { withFileTypes: true })
  for (const entry of found) {
    const fault = entry.isFile() ? faultOfName(entry.name) : 'is no file'
    if (fault !== null) tell('placeUploads', '', entry.name, fault)
  }
  const apart = new Set(found.map(({ name }) => sameness(name)))
  if (apart.size !== placed.length) tell('placeUploads', '', String(apart.size), 'are not as many')
  const around = await readdir(directory)
  if (around.join() !== 'uploads') tell('placeUploads', '', around.join(), 'is beside the folder')
}

async function zip(store: ArtifactStore, names: readonly string[], tell: Escape): Promise<void> {
  const files = []
  for (const [index, path] of names.entries()) {
    const key = parseArtifactKey(`zipped/${toKeySegment(index)}`)
    await store.put(key, Buffer.from('x'))
    files.push({ key, path, storedAt: 1_700_000_000_000 })
  }
  const { body, report } = zipArtifacts({ store, files, compress: false })
  const bytes = await buffer(body)
  await report
  const entries = await entriesOf(bytes)
  for (const name of entries) {
    const fault = faultOfPath(name)
    if (fault !== null) tell('zip', '', name, fault)
  }
  if (new Set(entries.map(sameness)).size !== names.length)
    tell('zip', '', '', 'entries are missing')
}

/** Read by another library, which refuses names of its own accord. */
function entriesOf(bytes: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true, strictFileNames: true }, (error, zipFile?: ZipFile) => {
      if (zipFile === undefined) return reject(error ?? new Error('There is no archive.'))
      const found: string[] = []
      zipFile.on('entry', ({ fileName }: Entry) => {
        found.push(fileName)
        zipFile.readEntry()
      })
      zipFile.on('end', () => resolve(found)).on('error', reject)
      zipFile.readEntry()
    })
  })
}

/** A manifest that somebody else wrote: each name as a path, and as the target of a link. */
async function restore(directory: string, names: readonly string[], tell: Escape): Promise<void> {
  const store = createMemoryStore()
  await mkdir(directory)
  await backupWorkspace({ store, directory, name: 1 })
  for await (const { key } of store.list()) {
    if (!key.endsWith('/manifest')) continue
    const found = await store.get(key)
    const manifest = JSON.parse(String(await buffer(found?.body ?? Readable.from([])))) as object
    for (const name of names) {
      for (const entry of [
        { kind: 'folder', path: name, mode: 0o700 },
        { kind: 'link', path: 'link', target: name },
      ]) {
        const entries = Buffer.from(JSON.stringify({ ...manifest, entries: [entry] }))
        await store.put(key, entries)
        const options = { store, directory, name: 1, into: 'replace' } as const
        const report = await restoreWorkspace(options).catch(() => null)
        const made = await readdir(directory)
        const isExpected =
          report === null ? made.every((each) => !each.includes('passwd')) : made.length === 1
        if (!isExpected) tell('restoreWorkspace', name, made.join(), 'was made')
      }
    }
  }
}
