import { createOpencodeClient } from '@opencode-ai/sdk'
import { createOpencodeClient as createOlderClient } from '@opencode-ai/sdk-1.18'
import { reasoning, reply, text, tool } from '@turnstead/testkit'
import type { Flow } from '../flow.js'
import type { ClientServer } from '../server.js'
import { readEvents } from './read-events.js'

type Client = ReturnType<typeof createOpencodeClient>

// The same by its shape: two versions of one class are strangers to the compiler.
const lines: readonly (readonly [string, (server: ClientServer) => Client])[] = [
  ['1.19', (server) => createOpencodeClient(optionsFor(server))],
  ['1.18', (server) => createOlderClient(optionsFor(server)) as unknown as Client],
]

function optionsFor(server: ClientServer): {
  readonly baseUrl: string
  readonly headers: Record<string, string>
  readonly directory: string
} {
  return { baseUrl: server.url, headers: { ...server.headers }, directory: server.directory }
}

async function turn(client: Client): Promise<unknown> {
  const { data: session } = await client.session.create({ body: { title: 'sdk' } })
  const path = { id: session?.id ?? '' }
  const ending = new AbortController()
  const { stream } = await client.event.subscribe({ signal: ending.signal })
  const events = readEvents(stream)
  await events.next('server.connected')
  await client.session.promptAsync({ path, body: { parts: [{ type: 'text', text: 'hi' }] } })
  await events.next('session.idle')
  ending.abort()
  return {
    session,
    kinds: events.kinds(),
    messages: (await client.session.messages({ path })).data,
    listed: (await client.session.list()).data?.map(({ title }) => title),
    status: (await client.session.status()).data,
  }
}

async function permission(client: Client): Promise<unknown> {
  const { data: session } = await client.session.create({ body: { title: 'sdk' } })
  const path = { id: session?.id ?? '' }
  const ending = new AbortController()
  const { stream } = await client.event.subscribe({ signal: ending.signal })
  const events = readEvents(stream)
  await events.next('server.connected')
  const answered = client.session.prompt({
    path,
    body: { parts: [{ type: 'text', text: 'write' }] },
  })
  const asked = await events.next('permission.asked')
  const replied = await client.postSessionIdPermissionsPermissionId({
    path: { ...path, permissionID: String(asked['id']) },
    body: { response: 'once' },
  })
  const { data: answer } = await answered
  await events.next('session.idle')
  ending.abort()
  return {
    asked,
    replied: replied.data,
    answer,
    kinds: events.kinds(),
    read: (await client.file.read({ query: { path: 'notes.md' } })).data,
  }
}

async function errors(client: Client): Promise<unknown> {
  const path = { id: 'ses_000000000001unknownunknown' }
  const show = (result: { error?: unknown; response: Response }): unknown => ({
    error: result.error,
    status: result.response.status,
  })
  return {
    get: show(await client.session.get({ path })),
    messages: show(await client.session.messages({ path })),
    prompt: show(
      await client.session.prompt({ path, body: { parts: [{ type: 'text', text: 'x' }] } }),
    ),
  }
}

/** The official SDK's older interface, of its two newest lines. */
export const sdkV1Flows: readonly Flow[] = lines.flatMap(([line, open]): readonly Flow[] => {
  const flow = (
    name: string,
    stage: Flow['stage'],
    run: (client: Client) => Promise<unknown>,
    isCore = false,
  ): Flow => ({
    name: `@opencode-ai/sdk ${line} v1: ${name}`,
    stage,
    isCore,
    run: (server) => run(open(server)),
  })
  const write = tool.write({ filePath: 'notes.md', content: '# Notes\n' })
  return [
    flow(
      'a turn',
      { answers: [reply(reasoning('Let me see.'), text('Hello there.'))] },
      turn,
      true,
    ),
    flow(
      'a write that asks',
      { answers: [reply(write, text('Written.'))], asksToEdit: true },
      permission,
      line === '1.19',
    ),
    flow('errors', { answers: [] }, errors),
  ]
})
