import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How the fake `opencode serve` behaves; chosen by the environment variable FAKE. */
export type FakeMode =
  | 'ready'
  | 'silent'
  | 'exit'
  | 'port-taken'
  | 'stubborn'
  | 'detached-child'
  | 'flood'
  | 'mute-api'
  | 'bad-config'
  | 'foreign'
  | 'short-lived'

const script = String.raw`#!/usr/bin/env node
const { createServer } = require('node:http')
const { spawn } = require('node:child_process')
const { appendFileSync } = require('node:fs')
const mode = process.env.FAKE
const option = (name) => process.argv[process.argv.indexOf(name) + 1]
appendFileSync(process.env.HOME + '/starts', process.argv.slice(2).join(' ') + '\n')
if (mode === 'exit') { console.error('broken installation, key ' + process.env.FAKE_API_KEY); process.exit(3) }
if (mode === 'port-taken') { console.error('Error: Unexpected error\n\nServeError'); process.exit(1) }
if (mode === 'stubborn') process.on('SIGTERM', () => {})
if (mode === 'detached-child') spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref()
if (mode === 'flood') for (let i = 0; i < 2000; i++) console.error('line ' + i + ' ' + 'x'.repeat(1000))
const server = createServer((request, response) => {
  if (mode === 'mute-api') return appendFileSync(process.env.HOME + '/starts', 'asked\n')
  if (mode === 'foreign') return response.writeHead(401).end()
  const json = { 'content-type': 'application/json' }
  if (mode === 'bad-config') {
    const issues = [{ path: ['provider', 'apiKey'], message: 'Expected object, got ' + process.env.FAKE_API_KEY }]
    return response.writeHead(400, json).end(JSON.stringify({ name: 'ConfigInvalidError', data: { issues } }))
  }
  if (request.url.startsWith('/global/dispose')) appendFileSync(process.env.HOME + '/starts', 'dispose\n')
  if (request.url.startsWith('/session/status')) return response.writeHead(200, json).end('{}')
  if (!request.url.startsWith('/session?')) return response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
  const isAuthorized = request.headers.authorization === 'Basic ' +
    Buffer.from(process.env.OPENCODE_SERVER_USERNAME + ':' + process.env.OPENCODE_SERVER_PASSWORD).toString('base64')
  response.writeHead(isAuthorized ? 200 : 401, json).end('[]')
})
if (mode === 'silent') setInterval(() => {}, 1000)
else server.listen(Number(option('--port')), option('--hostname'), () => {
  process.stdout.write('Warning: something\nopencode server lis')
  setTimeout(() => console.log('tening on http://' + option('--hostname') + ':' + server.address().port), 5)
})
if (mode === 'short-lived') server.on('request', (_, response) => response.on('close', () => process.exit(9)))
`

/** A temporary folder with a fake executable, whose processes can all be found again. */
export interface FakeOpencode {
  readonly folder: string
  readonly binary: string
  readonly dataDir: string
  env(mode: FakeMode, more?: Record<string, string>): Record<string, string>
  /** The command line of every start so far. */
  starts(): Promise<string[]>
  /** Ids of the living processes that were started from here. */
  processes(): Promise<number[]>
  remove(): void
}

export function createFakeOpencode(): FakeOpencode {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wire-fake-')))
  const binary = join(folder, 'opencode')
  const dataDir = join(folder, 'data')
  writeFileSync(binary, script, { mode: 0o755 })
  return {
    folder,
    binary,
    dataDir,
    env: (mode, more = {}) => ({ FAKE: mode, FAKE_FOLDER: folder, ...more }),
    starts: async () => {
      const text = await readFile(join(dataDir, 'home', 'starts'), 'utf8').catch(() => '')
      return text.split('\n').filter((line) => line !== '')
    },
    processes: () => processesWith(`FAKE_FOLDER=${folder}`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Ids of the living processes with this variable in their environment. */
export async function processesWith(variable: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
    if (environ.split('\0').includes(variable)) found.push(Number(name))
  }
  return found
}

/** The process of a server that must have one; a signal to process 0 would hit the test itself. */
export function pidOf(server: { readonly pid: number | null }): number {
  if (server.pid === null) throw new Error('the server has no process at this moment')
  return server.pid
}

/** Looks again until the condition holds; a killed process takes a moment to leave the process table. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Still not so after 15 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
