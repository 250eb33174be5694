import { createHistoryStore } from '@turnstead/session/history'
import { on, reply, type ScriptedModel, text, tool } from '@turnstead/testkit'
import { createClient } from '@turnstead/wire'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createMemoryStore, type HistoryStore, runTurn } from '../../src/index.js'
import type { Lab } from '../lab.js'
import { printFigure } from './print.js'
import type { MortalServer } from './server.js'

const turns = 8

/** What keeping costs: bytes from the server as a share of those of the same turns without it, and statements. */
export async function runCost(lab: Lab, model: ScriptedModel, server: MortalServer): Promise<void> {
  const { knex } = lab.ground.database
  let statements = 0
  const count = ({ sql }: { readonly sql: string }): void => {
    if (sql.includes('turnstead_history')) statements += 1
  }
  knex.on('query', count)
  try {
    const without = await bytesOf(model, server, null)
    const kept = await bytesOf(model, server, createHistoryStore({ knex }))
    printFigure('turn.outlive.captured_bytes_share', round(Math.max(0, kept / without - 1)), {
      unit: 'share',
    })
    // The first one of a process asks where the history ends.
    printFigure('turn.outlive.statements_per_turn', round((statements - 1) / turns))
  } finally {
    knex.removeListener('query', count)
  }
}

/** Turns with three tools and some hundred pieces of text each. */
async function bytesOf(
  model: ScriptedModel,
  server: MortalServer,
  history: HistoryStore | null,
): Promise<number> {
  const { baseUrl, username, password } = server.address
  const counter = await countBytes(Number(new URL(baseUrl).port))
  const client = createClient({
    baseUrl: `http://127.0.0.1:${counter.port}`,
    username,
    password,
    directory: server.directory,
    env: {},
  })
  const store = createMemoryStore()
  const name = history === null ? 'without' : 'with'
  const words = Array.from({ length: 150 }, (_, index) => `word${index} `)
  const step = words.map((word) => text(word))
  model.answer(
    on(
      new RegExp(`^Cost ${name}`),
      reply(
        ...step,
        tool.write({ filePath: 'a.txt', content: 'a '.repeat(500) }),
        ...step,
        tool.read({ filePath: 'a.txt' }),
        tool.bash({ command: 'ls', description: 'Lists' }),
        ...step,
      ),
      { times: turns },
    ),
  )
  try {
    for (let turn = 1; turn <= turns; turn += 1) {
      const ids = { conversationId: `cost ${name}`, turnId: `cost ${name} ${turn}` }
      store.addTurn(ids)
      const result = await runTurn({
        ...ids,
        client,
        store,
        prompt: { text: `Cost ${name} ${turn}` },
        session: { title: 'A conversation' },
        ...(history === null ? {} : { history }),
      })
      if (result.status !== 'completed') throw new Error(`a turn was ${result.status}`)
    }
    return counter.bytes()
  } finally {
    await client.close()
    await counter.close()
  }
}

/** Passes everything on to a port of this machine and counts what comes back. */
async function countBytes(
  target: number,
): Promise<{ readonly port: number; bytes(): number; close(): Promise<void> }> {
  let bytes = 0
  const server = createServer((socket) => {
    const upstream = connect(target, '127.0.0.1')
    upstream.on('data', (piece) => (bytes += piece.length))
    const end = (): void => {
      socket.destroy()
      upstream.destroy()
    }
    for (const each of [socket, upstream]) each.on('error', end).on('close', end)
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    bytes: () => bytes,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
