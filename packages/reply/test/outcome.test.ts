import { expect } from 'chai'
import { describe, it } from 'mocha'
import type { Outcome } from '../src/index.js'
import type { Activity, Ending } from '../src/view/outcome.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

const rejected = 'The user rejected permission to use this specific tool call.'

/** How each ending comes about on a server. A new ending does not compile without its line. */
const endings: Readonly<Record<Ending, (turn: Turn) => void>> = {
  none: () => {},
  open: (turn) => void turn.answer(),
  'open-error': (turn) => {
    turn.server.patchMessage(turn.answer(), { error: { name: 'UnknownError', data: {} } })
    turn.hear()
  },
  error: (turn) =>
    turn.complete(turn.answer(), { error: { name: 'APIError', data: { message: 'no' } } }),
  reasonless: (turn) => turn.complete(turn.answer(), {}),
  'tool-calls': (turn) => {
    const message = turn.answer()
    turn.call(message, { status: 'completed', input: {}, output: 'ok' })
    turn.complete(message, { finish: 'tool-calls' })
  },
  'tool-calls-rejected': (turn) => {
    const message = turn.answer()
    turn.call(message, { status: 'error', input: {}, error: rejected })
    turn.complete(message, { finish: 'tool-calls' })
  },
  structured: (turn) =>
    turn.complete(turn.answer(), { finish: 'tool-calls', structured: { legs: 4 } }),
  'unknown-finish': (turn) => turn.complete(turn.answer(), { finish: 'unknown' }),
  finish: (turn) => turn.complete(turn.answer(), { finish: 'stop' }),
}

/** The table of SPEC.md, written down a second time. */
const table: Readonly<Record<Ending, Readonly<Record<Activity, Outcome['state']>>>> = {
  none: { unasked: 'unknown', busy: 'unknown', idle: 'unknown' },
  open: { unasked: 'running', busy: 'running', idle: 'running' },
  'open-error': { unasked: 'running', busy: 'running', idle: 'failed' },
  error: { unasked: 'failed', busy: 'running', idle: 'failed' },
  reasonless: { unasked: 'running', busy: 'running', idle: 'failed' },
  'tool-calls': { unasked: 'running', busy: 'running', idle: 'running' },
  'tool-calls-rejected': { unasked: 'running', busy: 'running', idle: 'completed' },
  structured: { unasked: 'completed', busy: 'running', idle: 'completed' },
  'unknown-finish': { unasked: 'running', busy: 'running', idle: 'running' },
  finish: { unasked: 'completed', busy: 'running', idle: 'completed' },
}

const told: Readonly<Record<Activity, { readonly sessionIdle?: boolean }>> = {
  unasked: {},
  busy: { sessionIdle: false },
  idle: { sessionIdle: true },
}

describe('Reply.outcome', () => {
  it('follows the truth table in every cell, streamed and polled', () => {
    for (const [ending, columns] of Object.entries(table)) {
      const streamed = beginTurn()
      endings[ending as Ending](streamed)
      const polled = beginTurn()
      endings[ending as Ending]({ ...polled, hear: () => {} })
      polled.poll()
      for (const [activity, state] of Object.entries(columns)) {
        const options = told[activity as Activity]
        expect(streamed.reply.outcome(options).state, `${ending}, ${activity}, streamed`).to.equal(
          state,
        )
        expect(polled.reply.outcome(options).state, `${ending}, ${activity}, polled`).to.equal(
          state,
        )
      }
    }
  })

  it('says why the turn failed', () => {
    const turn = beginTurn()
    const data = {
      message: 'Unauthorized',
      statusCode: 401,
      isRetryable: false,
      metadata: { url: 'http://m' },
    }
    turn.complete(turn.answer(), { error: { name: 'APIError', data } })
    expect(turn.reply.outcome()).to.deep.include({
      reason: 'error',
      error: {
        name: 'APIError',
        message: 'Unauthorized',
        statusCode: 401,
        retryable: false,
        url: 'http://m',
      },
    })
  })

  it('tells an abort from a failure', () => {
    const turn = beginTurn()
    turn.complete(turn.answer(), {
      error: { name: 'MessageAbortedError', data: { message: 'Aborted' } },
    })
    expect(turn.reply.outcome()).to.include({ state: 'failed', reason: 'aborted' })
  })

  it('tells that a message without a reason is incomplete once the session is idle', () => {
    const turn = beginTurn()
    endings.reasonless(turn)
    expect(turn.reply.outcome({ sessionIdle: true })).to.include({
      state: 'failed',
      reason: 'incomplete',
    })
  })

  it('tells that an idle session left a message open', () => {
    const turn = beginTurn()
    endings.open(turn)
    expect(turn.reply.outcome({ sessionIdle: true })).to.include({
      state: 'running',
      interrupted: true,
    })
    expect(turn.reply.outcome()).to.include({ state: 'running', interrupted: false })
  })

  it('tells that a rejection with a message lets the turn go on', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const error = `${rejected.slice(0, -1)} with the following feedback: use tabs`
    turn.call(message, { status: 'error', input: {}, error })
    turn.complete(message, { finish: 'tool-calls' })
    expect(turn.reply.outcome({ sessionIdle: true }).state).to.equal('running')
  })

  it('gives the session error when no message ever came', () => {
    const turn = beginTurn()
    const error = { name: 'UnknownError', data: { message: 'Agent not found: nobody' } }
    turn.server.send('session.error', { sessionID: turn.sessionId, error })
    turn.hear()
    const outcome = turn.reply.outcome()
    expect(outcome.state === 'unknown' && outcome.error?.message).to.equal(
      'Agent not found: nobody',
    )
  })

  it('does not take a session error for the end', () => {
    const turn = beginTurn()
    endings.finish(turn)
    turn.server.send('session.error', {
      sessionID: turn.sessionId,
      error: { name: 'ContextOverflowError', data: {} },
    })
    turn.hear()
    expect(turn.reply.outcome().state).to.equal('completed')
  })

  it('names the later prompt that was answered together with this one', () => {
    const turn = beginTurn()
    const later = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(later, { type: 'text', text: 'and this' })
    turn.complete(turn.answer(later))
    expect(turn.reply.outcome({ sessionIdle: true })).to.include({
      state: 'completed',
      answeredBy: later,
    })
  })

  it('goes on when the server compacts after an answer', () => {
    const turn = beginTurn()
    endings.finish(turn)
    const asked = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(asked, { type: 'compaction', auto: true })
    turn.hear()
    expect(turn.reply.outcome().state).to.equal('running')
    expect(turn.reply.outcome({ sessionIdle: true }).state).to.equal('completed')
  })

  it('names no message that the server wrote itself', () => {
    const turn = beginTurn()
    endings['tool-calls'](turn)
    const asked = turn.server.addMessage(turn.sessionId, { role: 'user' })
    turn.server.putPart(asked, { type: 'compaction', auto: true })
    turn.hear()
    turn.complete(turn.answer(asked), { finish: 'stop', summary: true })
    expect(turn.reply.outcome({ sessionIdle: true })).to.include({
      state: 'running',
      interrupted: true,
      answeredBy: null,
    })
  })

  it('fails when the session is deleted before the end', () => {
    const turn = beginTurn()
    endings.open(turn)
    turn.server.send('session.deleted', { sessionID: turn.sessionId })
    turn.hear()
    expect(turn.reply.outcome()).to.include({ state: 'failed', reason: 'deleted' })
    turn.server.send('session.idle', { sessionID: turn.sessionId })
    turn.hear()
    expect(turn.reply.outcome()).to.include({ state: 'failed', reason: 'deleted' })
    expect(turn.reply.view().status).to.equal('deleted')
  })
})
