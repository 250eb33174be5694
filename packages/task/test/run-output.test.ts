import { expect } from 'chai'
import { describe, it } from 'mocha'
import { streamRun } from '../bench/stream-bytes.js'
import { createAgent, simulateRun } from '../bench/simulated-run.js'
import { isRunOutput, type OpenCodeRunOutput, pruneSubMessages, toRunOutput } from '../src/index.js'
import { toModelOutput } from '../src/model-output.js'
import { shared } from '../src/output/share.js'

const shortRun = { seconds: 60, secondsPerCall: 5, outputCharacters: 5_000 }

describe('the outputs of a run', () => {
  it('keep the identity of what did not change', () => {
    const run = { seconds: 300, secondsPerCall: 100, outputCharacters: 400 }
    const outputs = [...simulateRun(run)].map(({ output }) => output)
    const partsOf = (output: OpenCodeRunOutput | undefined) => output?.messages[1]?.parts ?? []
    let kept = 0
    for (const [index, output] of outputs.entries()) {
      const before = partsOf(outputs[index - 1]).filter(({ type }) => type === 'dynamic-tool')
      for (const part of partsOf(output)) {
        const text = JSON.stringify(part)
        const old = before.find((each) => JSON.stringify(each) === text)
        if (old === undefined) continue
        expect(part).to.equal(old)
        kept += 1
      }
    }
    expect(kept).to.be.greaterThan(1)
    expect(outputs.at(-1)?.tokens).to.equal(outputs.at(-2)?.tokens)
  })

  it('show the newest part of a long conversation while it goes on, and all of it in the end', () => {
    const outputs = [...simulateRun(shortRun)].map(({ output }) => output)
    const preliminary = outputs.slice(0, -1)
    const sizes = preliminary.map((output) => JSON.stringify(output).length)
    expect(Math.max(...sizes)).to.be.below(12_000)
    expect(preliminary.at(-1)?.omittedParts).to.be.greaterThan(0)
    const last = outputs.at(-1)
    expect(last).to.include({ omittedParts: 0, status: 'complete' })
    const tools = last?.messages[1]?.parts.filter(({ type }) => type === 'dynamic-tool')
    expect(tools).to.have.length(shortRun.seconds / shortRun.secondsPerCall)
  })

  for (const run of [
    { seconds: 600, secondsPerCall: 10, outputCharacters: 6_000 },
    { seconds: 600, secondsPerCall: 60, outputCharacters: 500 },
    shortRun,
  ]) {
    const { seconds, secondsPerCall, outputCharacters } = run
    const name = `${seconds} s, ${outputCharacters} characters each ${secondsPerCall} s`
    it(`send a browser at most three times the last one (${name})`, async () => {
      const { bytesOverFinal, outputs } = await streamRun(run)
      expect(bytesOverFinal).to.be.at.most(3)
      expect(outputs).to.be.greaterThan(15)
    })
  }

  it('name files relative to the directory, however the server names them', () => {
    const facts = { callId: 'call-1', prompt: 'Go', sessionId: null, error: null, stop: null }
    const outputOf = (directory: string): OpenCodeRunOutput => {
      const agent = createAgent(directory)
      agent.wrote(`${directory}/notes/a.md`)
      return toRunOutput(agent.reply, { ...facts, status: 'complete', outputFile: null })
    }
    const output = outputOf('/tmp/chats/42/files')
    expect(JSON.stringify(output)).not.to.contain('tmp/chats')
    expect(output.filesEdited).to.deep.equal(['notes/a.md'])
    const [part] = output.messages[1]?.parts ?? []
    expect(part).to.have.nested.property('output.title', 'notes/a.md')
    // A name alone may be any word of an output.
    expect(JSON.stringify(outputOf('/file'))).to.contain('Wrote file successfully.')
  })

  it('share nothing that differs', () => {
    const before = { a: [1, { b: 2 }], c: { d: 'x' }, e: null }
    const same = shared<unknown>(before, { a: [1, { b: 2 }], c: { d: 'x' }, e: null })
    expect(same).to.equal(before)
    const next = shared(before, { a: [1, { b: 3 }, 4], c: { d: 'x' }, e: undefined })
    expect(next).to.deep.equal({ a: [1, { b: 3 }, 4], c: { d: 'x' }, e: undefined })
    expect(next.c).to.equal(before.c)
    expect(shared<unknown>({ a: 1 }, { b: 1 })).to.deep.equal({ b: 1 })
    expect(shared<unknown>([1, 2], [1])).to.deep.equal([1])
    expect(shared<unknown>([], {})).to.deep.equal({})
  })
})

describe('what the outer model sees', () => {
  const outputs = [...simulateRun(shortRun)].map(({ output }) => output)
  const last = outputs.at(-1)
  if (last === undefined) throw new Error('the run gave no output')
  const long: OpenCodeRunOutput = {
    ...last,
    summary: 'words '.repeat(5_000),
    filesEdited: Array.from({ length: 500 }, (_, index) => `src/${'deep/'.repeat(50)}${index}.ts`),
  }

  it('is short and bounded, in the form of every version of the AI SDK', () => {
    for (const given of [long, { toolCallId: 'c', input: {}, output: long }]) {
      const { type, value } = toModelOutput(given)
      expect(type).to.equal('text')
      expect(value.length).to.be.at.most(6_000)
      expect(value).to.contain('Status: complete').and.contain('and 480 more')
      expect(value).to.contain(`Session to continue: ${last.sessionId}`)
      expect(value).not.to.contain('a line of output')
    }
  })

  it('is never what cannot be read', () => {
    for (const given of [null, 'text', { output: { version: 2, secret: 'sk-1' } }, undefined, 7]) {
      expect(toModelOutput(given).value).to.match(/cannot be read/)
    }
    expect(isRunOutput({ version: 1, status: 'odd', messages: [] })).to.equal(false)
  })

  it('is made of no output that a page has forged, and fails for none', () => {
    const { filesEdited: _, ...without } = long
    const forged: readonly unknown[] = [
      { version: 1, status: 'complete', messages: [] },
      without,
      { ...long, filesEdited: 'a.txt' },
      { ...long, filesEdited: [{}] },
      { ...long, outputFile: { path: 7 } },
      { ...long, error: { code: {} } },
      { ...long, summary: ['a'] },
      { ...long, asks: null },
    ]
    for (const given of forged) {
      expect(isRunOutput(given), JSON.stringify(given).slice(0, 80)).to.equal(false)
      expect(toModelOutput({ output: given }).value).to.match(/cannot be read/)
    }
  })

  it('is the same for messages that hold the output as JSON', () => {
    const result = { type: 'tool-result', toolCallId: 'c', toolName: 'code' }
    const other = { ...result, toolName: 'other', output: { type: 'json', value: { version: 1 } } }
    const messages = [
      { role: 'user', content: 'Please' },
      { role: 'tool', content: [{ ...result, output: { type: 'json', value: long } }, other] },
    ]
    const pruned = pruneSubMessages(messages)
    expect(pruned[0]).to.equal(messages[0])
    expect(pruned[1]?.content).to.deep.equal([{ ...result, output: toModelOutput(long) }, other])
    expect(pruneSubMessages(pruned)).to.equal(pruned)
  })
})
