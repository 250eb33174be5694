import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  again,
  drop,
  finish,
  gate,
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

interface Chunk {
  readonly choices: readonly {
    readonly delta: Record<string, unknown>
    readonly finish_reason: string | null
  }[]
  readonly usage?: Record<string, unknown>
}

describe('startScriptedModel', () => {
  let model: ScriptedModel
  afterEach(() => model.close())

  const ask = (
    messages: readonly unknown[],
    more: Record<string, unknown> = {},
  ): Promise<Response> =>
    fetch(`${model.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'any',
        stream: true,
        tools: [{ type: 'function', function: { name: 'write' } }],
        messages,
        ...more,
      }),
    })
  const user = (content: string): unknown => ({ role: 'user', content })
  const chunksOf = async (response: Response): Promise<readonly Chunk[]> =>
    (await response.text())
      .split('\n\n')
      .filter((frame) => frame.startsWith('data: {'))
      .map((frame): Chunk => JSON.parse(frame.slice(6)))
  const said = (chunks: readonly Chunk[], field = 'content'): string =>
    chunks
      .map((chunk) => chunk.choices[0]?.delta[field])
      .filter((piece) => typeof piece === 'string')
      .join('')

  it('streams reasoning, text, usage and the reason of the end', async () => {
    model = await startScriptedModel(
      reply(usage({ input: 7, output: 3, reasoning: 1 }), reasoning('hm'), text('hello there')),
    )
    const chunks = await chunksOf(await ask([user('hi')]))
    expect(said(chunks)).to.equal('hello there')
    expect(said(chunks, 'reasoning_content')).to.equal('hm')
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])).to.deep.equal(['stop'])
    expect(chunks.at(-1)?.usage).to.include({
      prompt_tokens: 7,
      completion_tokens: 3,
      total_tokens: 10,
    })
  })

  it('answers whole when no stream is asked for', async () => {
    model = await startScriptedModel(reply(text('whole')))
    const body = await (await ask([user('hi')], { stream: false })).json()
    expect(body).to.have.nested.property('choices[0].message.content', 'whole')
  })

  it('calls tools side by side and goes on after their results', async () => {
    model = await startScriptedModel(
      reply(
        text('two'),
        tool.write({ filePath: 'a', content: 'b' }, { pieces: 3 }),
        tool.call('write', '{broken'),
        text('done'),
      ),
    )
    const first = await chunksOf(await ask([user('go')]))
    const calls = first.flatMap(
      (chunk) =>
        (chunk.choices[0]?.delta['tool_calls'] as {
          index: number
          function: { arguments: string }
        }[]) ?? [],
    )
    const argumentsOf = (index: number): string =>
      calls
        .filter((call) => call.index === index)
        .map((call) => call.function.arguments)
        .join('')
    expect(JSON.parse(argumentsOf(0))).to.deep.equal({ filePath: 'a', content: 'b' })
    expect(argumentsOf(1)).to.equal('{broken')
    const results = [
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1_0', function: { name: 'write', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1_0', content: 'ok' },
    ]
    expect(said(await chunksOf(await ask([user('go'), ...results])))).to.equal('done')
    expect(model.requests.entries.map((request) => request.loop)).to.deep.equal([0, 1])
    expect(model.requests.entries[1]?.toolResults).to.deep.equal([
      { callId: 'call_1_0', text: 'ok' },
    ])
    model.assertComplete()
  })

  it('fails with a status and a time to wait, then succeeds', async () => {
    model = await startScriptedModel([
      reply(retry({ status: 429, retryAfterMs: 50 }), text('at last')),
      reply(providerError({ status: 401, message: 'no' })),
    ])
    const refused = await ask([user('go')])
    expect([refused.status, refused.headers.get('retry-after-ms')]).to.deep.equal([429, '50'])
    expect(said(await chunksOf(await ask([user('go')])))).to.equal('at last')
    expect((await ask([user('other')])).status).to.equal(401)
  })

  it('drops a connection and ends without saying why', async () => {
    model = await startScriptedModel([
      reply(text('half'), drop(), text('whole')),
      reply(text('open'), finish('none')),
    ])
    expect(await (await ask([user('go')])).text().catch(() => 'dropped')).to.equal('dropped')
    expect(said(await chunksOf(await ask([user('go')])))).to.equal('whole')
    const open = await chunksOf(await ask([user('other')]))
    expect(open.every((chunk) => chunk.choices[0]?.finish_reason === null)).to.equal(true)
  })

  it('answers titles by itself and counts them apart', async () => {
    model = await startScriptedModel([reply(text('chat'))], { title: 'My title' })
    const title = await ask(
      [{ role: 'system', content: 'You are a title generator.' }, user('go')],
      { tools: [] },
    )
    expect(said(await chunksOf(title))).to.equal('My title')
    expect(said(await chunksOf(await ask([user('go')])))).to.equal('chat')
    expect([model.requests.entries.length, model.asides.entries.length]).to.deep.equal([1, 1])
  })

  it('makes a title of what it is given for one', async () => {
    model = await startScriptedModel([], { title: (given) => given.toUpperCase() })
    const title = await ask(
      [{ role: 'system', content: 'You are a title generator.' }, user('go')],
      { tools: [] },
    )
    expect(said(await chunksOf(title))).to.equal('GO')
  })

  it('chooses by text, waits at gates and holds', async () => {
    model = await startScriptedModel([
      on(/second/u, reply(text('two'))),
      on('first', reply(text('one '), gate('stop'), text('more'))),
    ])
    const held = model.hold()
    const first = ask([user('the first')])
    await held.reached()
    expect((await model.next()).prompt).to.equal('the first')
    held.open()
    const response = await first
    await model.gate('stop').reached()
    model.gate('stop').open()
    expect(said(await chunksOf(response))).to.equal('one more')
    expect(() => model.assertComplete()).to.throw('/second/u')
  })

  it('refuses a body that is no request', async () => {
    model = await startScriptedModel()
    const response = await fetch(`${model.url}/chat/completions`, { method: 'POST', body: '{}' })
    expect(response.status).to.equal(400)
  })

  it('takes the message in which the server hands over an image for no prompt', async () => {
    model = await startScriptedModel([
      on('look', reply(tool.read({ filePath: 'a.png' }), text('A dot.'))),
    ])
    const call = { id: 'call_1', type: 'function', function: { name: 'read', arguments: '{}' } }
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
    const heading = { type: 'text', text: 'Attached media from tool result:' }
    const turn = [
      user('look'),
      { role: 'assistant', content: '', tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'Image read successfully' },
    ]
    await (await ask(turn.slice(0, 1))).text()
    const answer = await chunksOf(await ask([...turn, { role: 'user', content: [heading, image] }]))
    expect(said(answer)).to.equal('A dot.')
    expect(model.requests.entries.map(({ prompt, loop }) => [prompt, loop])).to.deep.equal([
      ['look', 0],
      ['look', 1],
    ])
    model.assertComplete()
  })

  it('takes what a person asks after a tool, or with an image, for a prompt', async () => {
    model = await startScriptedModel(reply(text('ok')))
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } }
    const asked = { role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] }
    await (
      await ask([user('a'), { role: 'tool', tool_call_id: 'c', content: 'cut' }, asked])
    ).text()
    expect(model.requests.entries[0]).to.include({ prompt: 'What is this?', loop: 0 })
  })

  it('ends each attempt of a call as the script says', async () => {
    model = await startScriptedModel(
      reply(text('Cut'), finish('length'), again(), text('Whole.'), usage({ output: 5 })),
    )
    const ends: unknown[] = []
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const chunks = await chunksOf(await ask([user('go')]))
      const reasons = chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? [])
      ends.push([said(chunks), ...reasons])
    }
    expect(ends).to.deep.equal([
      ['Cut', 'length'],
      ['Whole.', 'stop'],
      ['Whole.', 'stop'],
    ])
    expect(model.spent()).to.include({ answers: 3, outputTokens: 30 })
  })

  it('counts nothing for a caller who has hung up', async () => {
    const pieces = Array.from({ length: 200 }, () => 'x'.repeat(100_000))
    model = await startScriptedModel([
      reply(text(pieces.join(''), { chunks: pieces })),
      reply(text('two')),
    ])
    const hangUp = new AbortController()
    await fetch(`${model.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'any', stream: true, messages: [user('go')] }),
      signal: hangUp.signal,
    })
    // Nothing is read, so the model waits for the socket to drain, far before its last frame.
    hangUp.abort()
    expect(await (await ask([user('other')])).text()).to.include('[DONE]')
    expect(model.spent().answers).to.equal(1)
  })

  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${model.url}${path}`, { method: 'POST', body: JSON.stringify(body) })

  it('speaks the responses API: which call it is, errors, a whole answer', async () => {
    model = await startScriptedModel([
      reply(text('One.'), tool.read({ filePath: 'a' }), text('Two.'), finish('length')),
      reply(providerError({ status: 400, message: 'Too long', code: 'context_length_exceeded' })),
    ])
    const asked = [
      { role: 'developer', content: 'You are an agent.' },
      { role: 'user', content: [{ type: 'input_text', text: 'go' }] },
    ]
    const first = await (await post('/responses', { model: 'm', input: asked })).json()
    expect(first).to.have.nested.property('output[1].name', 'read')
    const results = [
      { type: 'reasoning', id: 'rs_1', summary: [] },
      { role: 'assistant', content: [{ type: 'output_text', text: 'One.' }] },
      { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
    ]
    const second = await post('/responses', {
      model: 'm',
      stream: true,
      input: [...asked, ...results],
    })
    expect(await second.text()).to.include('event: response.incomplete')
    expect(model.requests.entries.map(({ api, loop }) => [api, loop])).to.deep.equal([
      ['responses', 0],
      ['responses', 1],
    ])
    expect(model.requests.entries[1]?.toolResults).to.deep.equal([{ callId: 'call_1', text: 'ok' }])
    const refused = await post('/responses', { model: 'm', input: 'other' })
    expect([refused.status, await refused.json()]).to.deep.equal([
      400,
      {
        error: {
          message: 'Too long',
          type: 'scripted',
          code: 'context_length_exceeded',
          param: null,
        },
      },
    ])
    expect((await post('/responses', { model: 'm' })).status).to.equal(400)
  })

  it('speaks Anthropic’s messages API: which call it is, errors, a whole answer', async () => {
    model = await startScriptedModel([
      reply(text('One.'), tool.read({ filePath: 'a' }), text('Two.')),
      reply(text('Next.')),
      reply(providerError({ status: 529, message: 'Overloaded' })),
    ])
    const asked = [{ role: 'user', content: 'go' }]
    const first = await (await post('/messages', { model: 'm', messages: asked })).json()
    expect(first).to.include({ stop_reason: 'tool_use' })
    const called = [
      ...asked,
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'One.' },
          { type: 'tool_use', id: 'toolu_1', name: 'read', input: {} },
        ],
      },
    ]
    const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }
    const second = await post('/messages', {
      model: 'm',
      stream: true,
      messages: [...called, { role: 'user', content: [result] }],
    })
    expect(await second.text()).to.include('"stop_reason":"end_turn"')
    // What a person asks after a tool stands in the message of its result.
    const next = [...called, { role: 'user', content: [result, { type: 'text', text: 'more' }] }]
    expect(await (await post('/messages', { model: 'm', messages: next })).text()).to.include(
      'Next.',
    )
    expect(model.requests.entries.map(({ prompt, loop }) => [prompt, loop])).to.deep.equal([
      ['go', 0],
      ['go', 1],
      ['more', 0],
    ])
    const refused = await post('/messages', {
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
    })
    expect([refused.status, await refused.json()]).to.deep.equal([
      529,
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    ])
  })
})
