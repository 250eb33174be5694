import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  always,
  defaultReply,
  drop,
  finish,
  on,
  providerError,
  reasoning,
  reply,
  retry,
  text,
  tool,
  type Reply,
} from '../src/index.js'
import { chunksOf } from '../src/script/chunks.js'
import { planCalls } from '../src/script/plan.js'
import { createAnswerBook } from '../src/script/scenario.js'

const ask = (
  words: string,
  sessionId: string | null = null,
): { text: string; sessionId: string | null; agent: null } => ({
  text: words,
  sessionId,
  agent: null,
})
const said = (answer: Reply | null): string =>
  (answer?.steps ?? []).flatMap((step) => (step.kind === 'text' ? step.chunks : [])).join('')

describe('planCalls', () => {
  const shape = (answer: Reply): unknown =>
    planCalls(answer).map((call) =>
      call.attempts.map((attempt) => [
        ...attempt.sayings.map((saying) => saying.kind),
        attempt.end.kind === 'finish' ? attempt.end.reason : attempt.end.kind,
      ]),
    )

  it('ends a call after its tools and says the rest in the next one', () => {
    const calls = shape(
      reply(
        reasoning('a'),
        text('b'),
        tool.read({ filePath: 'x' }),
        tool.read({ filePath: 'y' }),
        text('c'),
      ),
    )
    expect(calls).to.deep.equal([
      [['reasoning', 'text', 'tool', 'tool', 'tool_calls']],
      [['text', 'stop']],
    ])
  })

  it('makes attempts of retries and dropped connections', () => {
    const calls = shape(reply(retry({ times: 2 }), text('a'), drop(), text('b')))
    expect(calls).to.deep.equal([[['refused'], ['refused'], ['text', 'dropped'], ['text', 'stop']]])
  })

  it('ends with an error or for a stated reason', () => {
    expect(shape(reply(text('a'), finish('length')))).to.deep.equal([[['text', 'length']]])
    expect(shape(reply(providerError()))).to.deep.equal([[['refused']]])
    expect(shape(reply())).to.deep.equal([[['stop']]])
  })
})

describe('createAnswerBook', () => {
  it('uses answers in order, each once, and says what is left', () => {
    const book = createAnswerBook([reply(text('one')), reply(text('two'))])
    expect(said(book.take(ask('a')))).to.equal('one')
    expect(book.leftovers()).to.deep.equal([
      { what: 'never asked', which: '(any prompt)', times: 1 },
    ])
    expect(said(book.take(ask('b')))).to.equal('two')
    expect(book.take(ask('c'))).to.equal(null)
    expect(book.leftovers()).to.deep.equal([
      { what: 'asked without an answer', which: 'c', times: 1 },
    ])
  })

  it('chooses by text, pattern, session and function, and prefers an equal text', () => {
    const book = createAnswerBook([
      on('exact', reply(text('contained'))),
      on(/^\d+$/u, reply(text('number')), { times: 2 }),
      on({ session: 'ses_1' }, reply(text('session'))),
      always(
        (prompt) => prompt.text.startsWith('?'),
        (prompt) => reply(text(`to ${prompt.text}`)),
      ),
      on('exactly', reply(text('equal'))),
    ])
    expect(said(book.take(ask('exactly')))).to.equal('equal')
    expect(said(book.take(ask('exactly')))).to.equal('contained')
    expect([
      said(book.take(ask('1'))),
      said(book.take(ask('2'))),
      book.take(ask('3')),
    ]).to.deep.equal(['number', 'number', null])
    expect(said(book.take(ask('x', 'ses_1')))).to.equal('session')
    expect(said(book.take(ask('?who')))).to.equal('to ?who')
  })

  it('answers a sub-agent by the prompt that its task carries', () => {
    const book = createAnswerBook([
      reply(tool.task({ description: 'd', prompt: 'sub' }, reply(text('child'))), text('parent')),
    ])
    expect(said(book.take(ask('go')))).to.equal('parent')
    expect(said(book.take(ask('sub')))).to.equal('child')
    expect(book.leftovers()).to.deep.equal([])
  })
})

describe('chunksOf', () => {
  it('cuts after words, into equal pieces, or as asked, and loses nothing', () => {
    expect(chunksOf('one two  three', {})).to.deep.equal(['one ', 'two  ', 'three'])
    expect(chunksOf('👋👋👋', { chunks: 2 })).to.deep.equal(['👋👋', '👋'])
    expect(chunksOf('x', { chunks: ['a', 'b'] })).to.deep.equal(['a', 'b'])
    expect(() => chunksOf('x', { chunks: 0 })).to.throw(RangeError)
  })
})

describe('defaultReply', () => {
  const first = (words: string): string | undefined => {
    const step = defaultReply({ ...ask(words), index: 0 }).steps.find(
      (each) => each.kind === 'tool',
    )
    return step?.kind === 'tool' ? step.tool : undefined
  }

  it('calls the tool that the prompt speaks of', () => {
    expect(first('Please write a file called report.md')).to.equal('write')
    expect(first('Run a command')).to.equal('bash')
    expect(first('Ask me something')).to.equal('question')
    expect(first('Make a plan')).to.equal('todowrite')
    expect(first('Delegate it to a sub-agent')).to.equal('task')
    expect(first('Hello')).to.equal(undefined)
  })

  it('writes the path that the prompt names', () => {
    const step = defaultReply({ ...ask('write docs/my-notes.md, please'), index: 0 }).steps.find(
      (each) => each.kind === 'tool',
    )
    expect(step?.kind === 'tool' && Object(step.input).filePath).to.equal('docs/my-notes.md')
  })
})
