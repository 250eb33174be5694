import { createOpencodeClient } from '@opencode-ai/sdk/v2'
import { createOpencodeClient as createOlderClient } from '@opencode-ai/sdk-1.18/v2'
import { ask, gate, reply, text, tool } from '@turnstead/testkit'
import type { Flow } from '../flow.js'
import type { ClientServer } from '../server.js'
import { readEvents, type EventReader } from './read-events.js'

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

interface Seat {
  readonly client: Client
  readonly server: ClientServer
  readonly sessionID: string
  readonly events: EventReader
}

async function seated(
  server: ClientServer,
  client: Client,
  use: (seat: Seat) => Promise<Readonly<Record<string, unknown>>>,
): Promise<unknown> {
  const ending = new AbortController()
  const { stream } = await client.event.subscribe({}, { signal: ending.signal })
  const events = readEvents(stream)
  try {
    await events.next('server.connected')
    const { data: session } = await client.session.create({ title: 'sdk' })
    const sessionID = session?.id ?? ''
    const outcome = await use({ client, server, sessionID, events })
    const messages = (await client.session.messages({ sessionID })).data
    return { session, ...outcome, kinds: events.kinds(), messages }
  } finally {
    ending.abort()
  }
}

const parts = (content: string): { type: 'text'; text: string }[] => [
  { type: 'text', text: content },
]

async function question({ client, sessionID, events }: Seat): Promise<Record<string, unknown>> {
  await client.session.promptAsync({ sessionID, parts: parts('ask') })
  const asked = await events.next('question.asked')
  const pending = (await client.question.list()).data
  const requestID = String(asked['id'])
  const replied = (await client.question.reply({ requestID, answers: [['Blue']] })).data
  await events.next('session.idle')
  return { asked, pending, replied, left: (await client.question.list()).data }
}

async function permission({ client, sessionID, events }: Seat): Promise<Record<string, unknown>> {
  await client.session.promptAsync({ sessionID, parts: parts('write') })
  const asked = await events.next('permission.asked')
  const pending = (await client.permission.list()).data
  const requestID = String(asked['id'])
  const replied = (await client.permission.reply({ requestID, reply: 'reject', message: 'No.' }))
    .data
  await events.next('session.idle')
  return { asked, pending, replied }
}

async function abort({ client, sessionID, events }: Seat): Promise<Record<string, unknown>> {
  await client.session.promptAsync({ sessionID, parts: parts('go') })
  await events.next('message.part.delta')
  const aborted = (await client.session.abort({ sessionID })).data
  await events.next('session.idle')
  return { aborted }
}

async function history({ client, sessionID }: Seat): Promise<Record<string, unknown>> {
  const first = (await client.session.prompt({ sessionID, parts: parts('one') })).data
  const second = (await client.session.prompt({ sessionID, parts: parts('two') })).data
  const all = (await client.session.messages({ sessionID })).data ?? []
  const messageID = all[2]?.info.id ?? ''
  const forked = (await client.session.fork({ sessionID, messageID })).data
  const copied = (await client.session.messages({ sessionID: forked?.id ?? '' })).data
  const reverted = (await client.session.revert({ sessionID, messageID })).data
  const restored = (await client.session.unrevert({ sessionID })).data
  return {
    first,
    second,
    forked,
    copied,
    reverted,
    restored,
    todos: (await client.session.todo({ sessionID })).data,
  }
}

async function subAgent({ client, sessionID }: Seat): Promise<Record<string, unknown>> {
  const answer = (await client.session.prompt({ sessionID, parts: parts('delegate') })).data
  const children = (await client.session.children({ sessionID })).data ?? []
  const said = await Promise.all(
    children.map(async ({ id }) => (await client.session.messages({ sessionID: id })).data),
  )
  return { answer, children, said }
}

/** The official SDK's newer interface, of its two newest lines. */
export const sdkV2Flows: readonly Flow[] = lines.flatMap(([line, open]): readonly Flow[] => {
  const flow = (
    name: string,
    stage: Flow['stage'],
    run: (seat: Seat) => Promise<Record<string, unknown>>,
    isCore = false,
  ): Flow => ({
    name: `@opencode-ai/sdk ${line} v2: ${name}`,
    stage,
    isCore,
    run: (server) => seated(server, open(server), run),
  })
  const write = tool.write({ filePath: 'notes.md', content: '# Notes\n' })
  const colour = ask.question({
    question: 'Which colour?',
    header: 'Colour',
    options: [
      { label: 'Red', description: 'Warm' },
      { label: 'Blue', description: 'Cold' },
    ],
  })
  const look = tool.task({ description: 'Look', prompt: 'Look around' }, reply(text('Looked.')))
  return [
    flow('a question', { answers: [reply(colour, text('Blue it is.'))] }, question, true),
    flow(
      'a refused write',
      { answers: [reply(write, text('Not written.'))], asksToEdit: true },
      permission,
      line === '1.19',
    ),
    flow('an abort', { answers: [reply(text('Half '), gate('never'), text('whole'))] }, abort),
    flow('fork and revert', { answers: [reply(text('One.')), reply(text('Two.'))] }, history),
    flow('a sub-agent', { answers: [reply(look, text('Delegated.'))] }, subAgent),
  ]
})
