import { generateText, Output, streamText, type ModelMessage } from 'ai'
import { createOpencode } from 'ai-sdk-provider-opencode-sdk'
import { gate, providerError, reasoning, reply, text, tool } from '@turnstead/testkit'
import { z } from 'zod'
import type { Flow } from '../flow.js'
import { startSteadyProxy } from '../steady-proxy.js'

type Model = ReturnType<ReturnType<typeof createOpencode>>

function flow(
  name: string,
  stage: Flow['stage'],
  run: (model: Model) => Promise<unknown>,
  isCore = false,
): Flow {
  return {
    name: `ai-sdk-provider-opencode-sdk: ${name}`,
    stage,
    isCore,
    async run(server) {
      // Only what streams opens an event stream, and it prompts meanwhile.
      const isStreaming = name.startsWith('stream')
      const proxy = isStreaming ? await startSteadyProxy(server.url) : null
      const provider = createOpencode({
        baseUrl: proxy?.url ?? server.url,
        autoStartServer: false,
        clientOptions: { headers: { ...server.headers } },
        defaultSettings: { directory: server.directory, logger: false },
      })
      try {
        return await run(provider('scripted/standard'))
      } finally {
        await provider.dispose()
        await proxy?.close()
      }
    },
  }
}

async function generated(model: Model, prompt: string | ModelMessage[]): Promise<unknown> {
  const given = typeof prompt === 'string' ? { prompt } : { messages: prompt }
  const result = await generateText({ model, ...given, maxRetries: 0 })
  const { content, finishReason, usage, warnings, providerMetadata } = result
  return { content, finishReason, usage, warnings, providerMetadata }
}

async function streamed(
  model: Model,
  prompt: string,
  stopping?: AbortController,
): Promise<unknown> {
  const kinds: string[] = []
  const result = streamText({
    model,
    prompt,
    maxRetries: 0,
    onError: () => {},
    ...(stopping === undefined ? {} : { abortSignal: stopping.signal }),
  })
  let said = ''
  const others: unknown[] = []
  for await (const part of result.fullStream) {
    if (kinds.at(-1) !== part.type) kinds.push(part.type)
    if (part.type === 'text-delta') {
      said += part.text
      stopping?.abort()
    }
    if (part.type.startsWith('tool-')) others.push(part)
    if (part.type === 'error') others.push(String(part.error))
    if (part.type === 'finish') others.push(part.finishReason, part.totalUsage)
  }
  return { said, kinds, others }
}

const person = z.object({ name: z.string(), age: z.number() })

/** The AI SDK's community provider. */
export const aiSdkFlows: readonly Flow[] = [
  flow(
    'generateText',
    { answers: [reply(text('Hello there.'))] },
    (model) => generated(model, 'hi'),
    true,
  ),
  flow(
    'streamText with reasoning',
    { answers: [reply(reasoning('Let me see.'), text('Hello there.'))] },
    (model) => streamed(model, 'hi'),
    true,
  ),
  flow(
    'streamText with a write',
    {
      answers: [
        reply(tool.write({ filePath: 'notes.md', content: '# Notes\n' }), text('Written.')),
      ],
    },
    (model) => streamed(model, 'write'),
  ),
  flow('a conversation', { answers: [reply(text('You are Alice.'))] }, (model) =>
    generated(model, [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'I am Alice.' },
      { role: 'assistant', content: 'Hello Alice.' },
      { role: 'user', content: 'Who am I?' },
    ]),
  ),
  flow(
    'an object',
    { answers: [reply(tool.call('StructuredOutput', { name: 'Alice', age: 30 }))] },
    async (model) => {
      const schema = Output.object({ schema: person })
      const result = await generateText({ model, prompt: 'who', output: schema, maxRetries: 0 })
      return { output: result.output, finishReason: result.finishReason, usage: result.usage }
    },
  ),
  flow('a provider error', { answers: [reply(providerError())] }, async (model) => {
    try {
      return await generated(model, 'fail')
    } catch (error) {
      return { name: Object(error).name, message: String(error) }
    }
  }),
  flow(
    'streamText with an abort',
    { answers: [reply(text('Half '), gate('never'), text('whole'))] },
    (model) => streamed(model, 'go', new AbortController()),
  ),
]
