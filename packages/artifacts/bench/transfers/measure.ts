// One way of a file through one store, in a process of its own: first how far its memory grows, then by how much `pipeline` is faster.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import type { Errand } from './endpoints/browser.js'
import { gib, writeFixture } from './fixture.js'
import { openPath, pathNames, type Ground, type Path } from './paths.js'
import type { Setting, Subject } from './subject.js'

/** What a measuring process tells. */
export interface Measured {
  /** Of our transfer, the first of the process but for a short one. */
  readonly growthMb: number
  /** The best of each, in milliseconds. */
  readonly oursMs: number
  readonly peerMs: number
}

const mib = 2 ** 20
const rounds = 3

const [module = '', endpoint = '', wanted = '', file = '', folder = ''] = process.argv.slice(2)
const children: ChildProcess[] = []

function start(path: string): ChildProcess {
  const child = fork(path)
  children.push(child)
  return child
}

async function startEndpoint(): Promise<number> {
  if (endpoint === '') return 0
  const child = start(fileURLToPath(new URL(`./endpoints/${endpoint}.ts`, import.meta.url)))
  const [port] = await once(child, 'message')
  return Number(port)
}

async function startBrowser(): Promise<Ground['browse']> {
  const child = start(fileURLToPath(new URL('./endpoints/browser.ts', import.meta.url)))
  await once(child, 'message')
  return async (errand: Errand) => {
    child.send(errand)
    const [end] = await once(child, 'message')
    if (end !== 'done') throw new Error(String(end))
  }
}

async function growthOf(body: () => Promise<void>): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  const sampler = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 10)
  try {
    await body()
  } finally {
    clearInterval(sampler)
  }
  return Math.round((Math.max(most, process.memoryUsage.rss()) - before) / mib)
}

async function timeOf(body: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await body()
  return performance.now() - start
}

/** What is loaded and compiled with the first bytes is no cost of a file's size. */
async function warmUp(ground: Ground): Promise<void> {
  const small = `${ground.file}.small`
  const sizeBytes = 16 * mib
  await writeFixture(small, sizeBytes)
  const path = openPath(nameOfPath(), { ...ground, file: small, sizeBytes })
  await path.prepare()
  await path.ours()
  await path.peer()
  await path.clear()
  await rm(small)
}

function nameOfPath(): (typeof pathNames)[number] {
  const name = pathNames.find((each) => each === wanted)
  if (name === undefined) throw new TypeError(`There is no way ${wanted}.`)
  return name
}

/** In turn, the other one first each time: what the machine does meanwhile is no one's. */
async function compare(path: Path, first: number): Promise<Pick<Measured, 'oursMs' | 'peerMs'>> {
  let [oursMs, peerMs] = [first, Infinity]
  for (let round = 0; round < rounds; round += 1) {
    if (round > 0) oursMs = Math.min(oursMs, await timeOf(path.ours))
    peerMs = Math.min(peerMs, await timeOf(path.peer))
    await path.clear()
  }
  return { oursMs, peerMs }
}

const home = join(folder, wanted)
await mkdir(home)
try {
  const { openSubject } = (await import(pathToFileURL(module).href)) as {
    openSubject: (setting: Setting) => Promise<Subject>
  }
  const subject = await openSubject({ folder: home, port: await startEndpoint() })
  const ground: Ground = { subject, file, sizeBytes: gib, browse: await startBrowser() }
  await warmUp(ground)
  const path = openPath(nameOfPath(), ground)
  await path.prepare()
  let first = Infinity
  const growthMb = await growthOf(async () => {
    first = await timeOf(path.ours)
  })
  const measured: Measured = { growthMb, ...(await compare(path, first)) }
  await subject.close()
  process.send?.(measured)
} finally {
  await rm(home, { recursive: true })
  for (const child of children) child.kill()
  process.disconnect?.()
}
