import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import {
  drop,
  finish,
  on,
  providerError,
  reasoning,
  reply,
  retry,
  startScriptedModel,
  text,
  tool,
  usage,
  type ScriptedModel,
} from '../src/index.js'
import {
  findOpencodeBinary,
  machineFactor,
  startOpencode,
  type RunningOpencode,
} from '../src/opencode.js'
import { send } from './support/client.js'

interface Message {
  readonly info: {
    readonly role: string
    readonly finish?: string
    readonly cost?: number
    readonly tokens?: {
      readonly input: number
      readonly output: number
      readonly reasoning: number
      readonly cache: { readonly read: number }
    }
    readonly error?: { readonly name: string; readonly data: { readonly statusCode?: number } }
  }
  readonly parts: readonly {
    readonly type: string
    readonly text?: string
    readonly state?: { readonly status: string; readonly output?: string }
  }[]
}

const binary = findOpencodeBinary()
if (binary === null)
  console.warn('provider tests are skipped: no executable; install opencode-linux-x64')
const models = [
  ['chat-completions', { providerID: 'scripted', modelID: 'think' }],
  ['responses', { providerID: 'openai', modelID: 'gpt-5-scripted' }],
  ['messages', { providerID: 'anthropic', modelID: 'claude-scripted' }],
] as const

describe('the scripted model behind the providers of the real server', function () {
  if (binary === null) return
  this.timeout(60_000 * machineFactor())
  let model: ScriptedModel
  let server: RunningOpencode
  before(async () => {
    model = await startScriptedModel([])
    server = await startOpencode({ model, providers: ['openai', 'anthropic'] })
  })
  after(async () => {
    await server?.close()
    await model?.close()
  })

  const call = (method: string, path: string, body?: unknown): ReturnType<typeof send> =>
    send(server.url, method, path, body, server.headers)
  const turn = async (
    chosen: { readonly providerID: string; readonly modelID: string },
    content: string,
    more: readonly unknown[] = [],
  ): Promise<readonly Message[]> => {
    const session = await call('POST', '/session', { title: 'given' })
    const id = String(Object(session.body).id)
    const parts = [{ type: 'text', text: content }, ...more]
    await call('POST', `/session/${id}/message`, { model: chosen, parts })
    const messages = await call('GET', `/session/${id}/message`)
    return (messages.body as readonly Message[]).filter(({ info }) => info.role === 'assistant')
  }
  const said = (message: Message | undefined, type: string): string =>
    (message?.parts ?? [])
      .filter((part) => part.type === type)
      .map((part) => part.text ?? '')
      .join('|')

  it('knows the scripted models only, and what they can do', async () => {
    const { body } = await call('GET', '/config/providers')
    const { providers } = body as {
      readonly providers: readonly {
        readonly id: string
        readonly models: Readonly<
          Record<string, { capabilities: { reasoning: boolean; input: { image: boolean } } }>
        >
      }[]
    }
    const can = (provider: string): unknown =>
      Object.entries(providers.find(({ id }) => id === provider)?.models ?? {}).map(
        ([name, { capabilities }]) => [name, capabilities.reasoning, capabilities.input.image],
      )
    expect(can('openai')).to.deep.equal([['gpt-5-scripted', true, true]])
    expect(can('anthropic')).to.deep.equal([['claude-scripted', true, true]])
    expect(can('scripted')).to.deep.include.members([
      ['standard', false, false],
      ['think', true, false],
      ['vision', false, true],
    ])
  })

  for (const [api, chosen] of models) {
    it(`${api}: reasoning, text, a tool with its result, tokens and cost`, async () => {
      const prompt = `${api} whole`
      const path = `${api}.txt`
      const change =
        chosen.modelID === 'gpt-5-scripted'
          ? tool.applyPatch({
              patchText: `*** Begin Patch\n*** Add File: ${path}\n+a\n*** End Patch`,
            })
          : tool.write({ filePath: path, content: 'a\n' }, { pieces: 3 })
      const counts = { input: 1_000, output: 200, cached: 400, reasoning: 0 }
      model.answer(
        on(
          prompt,
          reply(
            reasoning('A thought.'),
            text('I will write.'),
            usage(counts),
            change,
            text('Done.'),
          ),
        ),
      )
      const spent = model.spent()
      const [first, second, ...others] = await turn(chosen, prompt)
      expect(others).to.deep.equal([])
      expect(said(first, 'reasoning')).to.equal('A thought.')
      expect(said(first, 'text')).to.equal('I will write.')
      const called = first?.parts.find((part) => part.type === 'tool')
      expect(called?.state?.status).to.equal('completed')
      expect([first?.info.finish, second?.info.finish]).to.deep.equal(['tool-calls', 'stop'])
      expect(said(second, 'text')).to.equal('Done.')
      expect(first?.info.tokens).to.deep.include({ input: 600, output: 200 })
      expect(first?.info.tokens?.cache.read).to.equal(400)
      expect(first?.info.cost).to.be.closeTo(0.001, 1e-9)
      const asked = model.requests.filter((request) => request.prompt.includes(prompt))
      expect(asked.map((request) => [request.api, request.loop])).to.deep.equal([
        [api, 0],
        [api, 1],
      ])
      expect(asked[1]?.toolResults[0]?.text).to.match(/success/iu)
      expect(asked[0]?.tools).to.include('bash')
      expect(asked[0]?.sessionId).to.match(/^ses_/u)
      expect(model.spent().outputTokens - spent.outputTokens).to.equal(220)
    })

    it(`${api}: an error, a retry, a broken connection, a cut answer`, async () => {
      model.answer([
        on(`${api} refused`, reply(providerError({ status: 401, message: 'No.' }))),
        on(
          `${api} retried`,
          reply(retry({ status: 429, retryAfterMs: 1 }), text('At last.'), finish('length')),
        ),
        on(`${api} dropped`, reply(text('Half'), drop(), text('Whole.'))),
      ])
      const [refused] = await turn(chosen, `${api} refused`)
      expect(refused?.info.error?.name).to.match(/Error$/u)
      const [retried] = await turn(chosen, `${api} retried`)
      expect([said(retried, 'text'), retried?.info.finish]).to.deep.equal(['At last.', 'length'])
      const dropped = await turn(chosen, `${api} dropped`)
      expect(said(dropped.at(-1), 'text')).to.match(/Whole\.$/u)
    })

    it(`${api}: an image that a tool has read is no prompt`, async () => {
      const sees = api === 'chat-completions' ? { ...chosen, modelID: 'vision' } : chosen
      await writeFile(join(server.directory, 'dot.png'), Buffer.from(dot, 'base64'))
      const prompt = `${api} reads`
      model.answer(on(prompt, reply(tool.read({ filePath: 'dot.png' }), text('A dot.'))))
      const answers = await turn(sees, prompt)
      expect(answers.map((answer) => said(answer, 'text'))).to.deep.equal(['', 'A dot.'])
      const asked = model.requests.filter((request) => request.prompt === prompt)
      expect(asked.map((request) => request.loop)).to.deep.equal([0, 1])
      const seen = asked[1]?.messages.reduce((sum, message) => sum + message.images, 0)
      expect(seen).to.equal(1)
    })

    it(`${api}: an image in a prompt`, async () => {
      const sees =
        api === 'chat-completions' ? { providerID: 'scripted', modelID: 'vision' } : chosen
      model.answer(on(`${api} image`, reply(text('A dot.'))))
      const image = { type: 'file', mime: 'image/png', url: `data:image/png;base64,${dot}` }
      const [answer] = await turn(sees, `${api} image`, [image])
      expect(said(answer, 'text')).to.equal('A dot.')
      const asked = model.requests.filter((request) => request.prompt.includes(`${api} image`))
      expect(asked.map(({ messages }) => messages.at(-1)?.images)).to.deep.equal([1])
    })
  }
})

const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
