import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createMemoryStore, runTurn } from '@turnstead/turn'
import { type Client, createClient } from '@turnstead/wire'
import { detectProvider } from '@turnstead/wire/providers'
import { type OpencodeServer, startServer } from '@turnstead/wire/server'
import type { Contender, Setting } from './contender.js'

/** `runTurn` on a supervised `opencode serve`, with the store in memory. */
export function createOurTurns({ modelUrl, binary, folder }: Setting): Contender {
  const store = createMemoryStore()
  let server: OpencodeServer | null = null
  let client: Client | null = null
  let turns = 0
  return {
    name: 'runTurn',
    async start() {
      const provider = detectProvider(
        {},
        {
          credentials: {
            provider: 'openai-compatible',
            id: 'scripted',
            baseUrl: modelUrl,
            model: 'demo',
          },
        },
      )
      const directory = join(folder, 'files')
      await mkdir(directory, { recursive: true })
      server = await startServer({
        binary,
        directory,
        dataDir: join(folder, 'server'),
        config: provider?.config ?? {},
        env: { ...provider?.env },
        supervise: true,
      })
      const { url, username, password } = server
      client = createClient({ baseUrl: url, username, password: password ?? '', directory })
    },
    async ask(prompt, onDelta) {
      if (client === null) throw new Error('not started')
      turns += 1
      const ids = { conversationId: 'one', turnId: `turn-${turns}` }
      store.addTurn(ids)
      const result = await runTurn({
        client,
        store,
        owner: 'compare',
        ...ids,
        prompt: { text: prompt },
        onReply: (reply) => reply.observe({ textDelta: ({ delta }) => onDelta(delta) }),
      })
      if (result.status === 'skipped') return 'skipped'
      const { reply, status } = result
      const why = status === 'failed' ? ` (${result.error.code})` : ''
      return `${status}${why}, text kept: ${reply?.text.length ?? 0} characters`
    },
    async close() {
      await client?.close()
      await server?.close()
    },
  }
}
