import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { readUIMessageStream as read5, uiMessageChunkSchema as schema5 } from 'ai-v5'
import { readUIMessageStream as read6, uiMessageChunkSchema as schema6 } from 'ai-v6'
import { createReply, parseReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { answerParts } from '../src/records/answer.js'
import { createUiMessageEncoder, toUiMessage } from '../src/ui-message-stream.js'
import type { UiChunk, UiMessagePosition } from '../src/ui-message-stream.js'
import { deliver, deliveries, pollAll } from './delivery.js'
import { storableHistories } from './history.js'
import { read7 } from './ai-v7.js'

type Reader = (options: {
  stream: ReadableStream<never>
  onError: (error: unknown) => void
}) => AsyncIterable<unknown>

const readers: readonly (readonly [version: 5 | 6 | 7, read: Reader])[] = [
  [5, read5 as unknown as Reader],
  [6, read6 as unknown as Reader],
  [7, read7 as unknown as Reader],
]

const schemas = [
  [5, schema5()],
  [6, schema6()],
] as const

interface Read {
  readonly parts: readonly ReadPart[]
}

interface ReadPart {
  readonly type: string
  readonly text?: string
  readonly url?: string
  readonly toolCallId?: string
  readonly toolName?: string
  readonly state?: string
  readonly input?: unknown
  readonly output?: { readonly output: string }
  readonly preliminary?: boolean
  readonly errorText?: string
  readonly id?: string
  readonly data?: { readonly partId: string }
  readonly providerMetadata?: {
    readonly turnstead?: {
      readonly partId: string
      readonly lost?: boolean
      readonly superseded?: boolean
    }
  }
}

async function readBack(read: Reader, chunks: readonly UiChunk[]): Promise<Read> {
  const stream = new ReadableStream<UiChunk>({
    start(controller) {
      for (const chunk of structuredClone(chunks)) controller.enqueue(chunk)
      controller.close()
    },
  }) as unknown as ReadableStream<never>
  let last: unknown = { parts: [] }
  const onError = (error: unknown): void => {
    throw error
  }
  const errors: unknown[] = []
  for await (const message of read({ stream, onError: (error) => void errors.push(error) }))
    last = message
  for (const error of errors) onError(error)
  return last as Read
}

/** What is still valid of a message: not the texts that were sent again, and not what was withdrawn. */
function valid(message: Read): readonly ReadPart[] {
  const withdrawn = message.parts.filter(({ type }) => type === 'data-withdrawn')
  const ids = new Set(withdrawn.map(({ id }) => id))
  const gone = new Map<string, number>()
  for (const { data } of withdrawn)
    if (data) gone.set(data.partId, (gone.get(data.partId) ?? 0) + 1)
  return message.parts.filter((part) => {
    if (part.toolCallId !== undefined) return !ids.has(part.toolCallId)
    const partId = part.providerMetadata?.turnstead?.partId ?? ''
    const left = gone.get(partId) ?? 0
    if (left === 0) return true
    gone.set(partId, left - 1)
    return false
  })
}

function texts(parts: readonly ReadPart[]): readonly string[] {
  return parts
    .filter(
      ({ type, providerMetadata }) =>
        type === 'text' &&
        providerMetadata?.turnstead?.lost !== true &&
        providerMetadata?.turnstead?.superseded !== true,
    )
    .map(({ text }) => text ?? '')
}

function tools(parts: readonly ReadPart[]): unknown {
  return parts
    .filter(({ type }) => type === 'dynamic-tool')
    .map((part) => [
      // A call that was taken back and is there again has a number after its id.
      part.toolCallId?.split('~')[0],
      part.state === 'input-streaming'
        ? 'pending'
        : isRunning(part)
          ? 'running'
          : part.state === 'output-available'
            ? 'completed'
            : 'error',
      part.toolName,
      part.state === 'output-available' && part.preliminary !== true
        ? (part.output?.output ?? null)
        : null,
      part.state === 'input-streaming' ? {} : part.input,
    ])
    .sort(byJson)
}

/** A reader keeps `preliminary` on a call that ended otherwise than with an output. */
function isRunning({ state, preliminary }: ReadPart): boolean {
  if (state === 'output-available') return preliminary === true
  return state === 'input-available' || state === 'approval-requested'
}

function byJson(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1
}

function expectedTools(reply: Reply): unknown {
  return reply
    .result()
    .tools.map(({ id, status, tool, output, input }) => [
      id,
      status,
      tool,
      output,
      status === 'pending' ? {} : input,
    ])
    .sort(byJson)
}

function expectedTexts(reply: Reply): readonly string[] {
  return answerParts(reply.view().parts)
    .filter(({ lost, gapped, final, text }) => !lost && (final || !gapped) && text !== '')
    .map(({ text }) => text)
}

/** What is held back while it may have holes: a reader has its beginning, or nothing. */
function heldBack(reply: Reply): ReadonlySet<string> {
  const parts = reply.view().parts.filter((part) => 'gapped' in part && part.gapped && !part.final)
  return new Set(parts.map(({ id }) => id))
}

function agree(message: Read, reply: Reply): void {
  const held = heldBack(reply)
  const parts = valid(message).filter(
    (part) => !held.has(part.providerMetadata?.turnstead?.partId ?? ''),
  )
  assert.deepEqual([...texts(parts)].sort(byJson), [...expectedTexts(reply)].sort(byJson))
  assert.deepEqual(tools(parts), expectedTools(reply))
  const files = message.parts.filter(({ type }) => type === 'file').map(({ url }) => url)
  for (const { url } of reply.result().files) assert.ok(url === null || files.includes(url))
}

const anyDelivery = deliveries(storableHistories)

/** 6. UI chunks, folded by the AI SDK's own reader, equal the result, however they were batched and resumed. */
export const uiMessages = fc.asyncProperty(
  anyDelivery,
  fc.nat({ max: 6 }),
  fc.nat({ max: 4 }),
  fc.constantFrom(5 as const, 6 as const),
  async (delivery, rhythm, cuts, version) => {
    const { sessionId, promptId } = delivery.history
    const reply = createReply({ sessionId, promptId })
    const chunks: UiChunk[] = []
    let encoder = createUiMessageEncoder(reply, { version })
    const resume = (): void => {
      const position = JSON.parse(JSON.stringify(encoder.position)) as UiMessagePosition
      encoder = createUiMessageEncoder(reply, { version, position })
    }
    let step = 0
    deliver(reply, delivery, () => {
      step += 1
      if (step % (rhythm + 1) === 0) chunks.push(...encoder.next())
      if (cuts > 0 && step % cuts === 0) resume()
    })
    pollAll(reply, delivery.history.polls.at(-1))
    if (cuts > 0) resume()
    const { position } = encoder
    const last = encoder.next()
    chunks.push(...last)
    const copy = parseReply(JSON.stringify(reply))
    assert.deepEqual(createUiMessageEncoder(copy, { version, position }).next(), last)
    for (const chunk of chunks) await accepted(chunk, version)
    const reading = readers.filter(([each]) => each >= version)
    for (const [, read] of reading) agree(await readBack(read, chunks), reply)
    const fresh = createUiMessageEncoder(reply, { version }).next()
    for (const [, read] of reading) agree(await readBack(read, fresh), reply)
    agree(toUiMessage(reply) as unknown as Read, reply)
  },
)

async function accepted(chunk: UiChunk, version: 5 | 6): Promise<void> {
  for (const [each, schema] of schemas) {
    if (each < version) continue
    const result = await schema.validate?.(chunk)
    assert.ok(result?.success, JSON.stringify(chunk))
  }
}
