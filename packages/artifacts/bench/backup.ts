/**
 * A backup and a restore of 20,000 files, most of them small, beside what the package `tar` takes to pack and unpack the same folder:
 * in turn, each at its best.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { create, extract } from 'tar'

import { createDiskStore } from '../src/disk.js'
import { backupWorkspace, restoreWorkspace } from '../src/workspace.js'

const fileCount = 20_000
const filesPerFolder = 20
const rounds = 3

export const backup = {
  name: 'artifacts.backup',
  async run() {
    const temp = await mkdtemp(join(tmpdir(), 'turnstead-backup-'))
    try {
      const directory = join(temp, 'workspace')
      await plant(directory)
      const [ours, peer] = [pair(), pair()]
      for (let round = 0; round < rounds; round += 1) {
        await byUs(temp, directory, ours)
        await byTar(temp, directory, peer)
      }
      const value = (ours.packMs + ours.unpackMs) / (peer.packMs + peer.unpackMs)
      const parts = ({ packMs, unpackMs }: Times): string =>
        `${Math.round(packMs)} + ${Math.round(unpackMs)} ms`
      process.stderr.write(`# backup + restore ${parts(ours)}, tar ${parts(peer)}\n`)
      return [
        {
          name: 'artifacts.backup.vs_tar',
          value: Math.round(value * 100) / 100,
          ...{ unit: 'x', better: 'lower' },
        },
      ] as const
    } finally {
      await rm(temp, { recursive: true })
    }
  },
}

/** The best so far. */
interface Times {
  packMs: number
  unpackMs: number
}

const pair = (): Times => ({ packMs: Infinity, unpackMs: Infinity })

async function byUs(temp: string, directory: string, times: Times): Promise<void> {
  const [root, to] = [join(temp, 'store'), join(temp, 'restored')]
  const store = createDiskStore({ root })
  times.packMs = await best(times.packMs, async () => {
    const { files, isConsistent } = await backupWorkspace({ store, directory, name: 1 })
    if (files !== fileCount || !isConsistent) throw new Error('The backup is not whole.')
  })
  times.unpackMs = await best(times.unpackMs, async () => {
    const report = await restoreWorkspace({ store, directory: to, name: 1 })
    if (report?.files !== fileCount) throw new Error('The restore is not whole.')
  })
  await rm(root, { recursive: true })
  await rm(to, { recursive: true })
}

async function byTar(temp: string, directory: string, times: Times): Promise<void> {
  const [file, to] = [join(temp, 'peer.tar'), join(temp, 'unpacked')]
  times.packMs = await best(times.packMs, () => create({ file, cwd: directory }, ['.']))
  await mkdir(to)
  times.unpackMs = await best(times.unpackMs, () => extract({ file, cwd: to }))
  await rm(file)
  await rm(to, { recursive: true })
}

async function best(before: number, body: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await body()
  return Math.min(before, performance.now() - start)
}

async function plant(directory: string): Promise<void> {
  for (let folder = 0; folder * filesPerFolder < fileCount; folder += 1) {
    const place = join(directory, `area-${folder % 25}`, `part-${folder}`)
    await mkdir(place, { recursive: true })
    const numbers = Array.from({ length: filesPerFolder }, (_, at) => folder * filesPerFolder + at)
    await Promise.all(numbers.map((at) => writeFile(join(place, `file-${at}.txt`), bodyOf(at))))
  }
}

/** Of 100 files 85 have up to 4 KiB, 13 up to 32 KiB and two up to 256 KiB; no two hold the same. */
function bodyOf(number: number): Buffer {
  const part = number % 100
  const most = part < 85 ? 4_096 : part < 98 ? 32_768 : 262_144
  const sizeBytes = 16 + ((number * 7_919) % (most - 16))
  return Buffer.alloc(sizeBytes, `${number} is the number of this file. `)
}
