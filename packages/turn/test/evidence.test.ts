import { expect } from 'chai'
import { describe, it } from 'mocha'
import { decideNext, type Evidence, type Verdict } from '../src/poll/evidence.js'

const graceMs = 5_000

/** How long nothing of the session was heard: not long, as long as the grace, as long as a status that is stuck. */
const quietMsOf = { fresh: graceMs - 1, quiet: graceMs, stuck: 6 * graceMs }

type Quiet = keyof typeof quietMsOf
type Row = Readonly<Record<Quiet, Verdict['next']>>
type Cell = Readonly<Record<'stored' | 'missing', Row>>
type Status = Evidence['status']
type State = Evidence['outcome']['state']

const always = (next: Verdict['next']): Row => ({ fresh: next, quiet: next, stuck: next })
const everywhere = (row: Row): Cell => ({ stored: row, missing: row })
const afterGrace = (next: Verdict['next']): Row => ({ fresh: 'wait', quiet: next, stuck: next })

const atWork: Record<State, Cell> = {
  completed: everywhere({ fresh: 'wait', quiet: 'wait', stuck: 'free' }),
  failed: everywhere({ fresh: 'wait', quiet: 'wait', stuck: 'free' }),
  running: everywhere(always('wait')),
  unknown: everywhere(always('wait')),
}

/** Every cell must be filled: a new state or status does not compile until its verdict is decided. */
const verdicts: Record<Status, Record<State, Cell>> = {
  busy: atWork,
  retry: atWork,
  idle: {
    completed: everywhere(always('settle')),
    failed: everywhere(always('settle')),
    running: { stored: afterGrace('lost'), missing: afterGrace('send') },
    unknown: { stored: afterGrace('lost'), missing: afterGrace('send') },
  },
}

const error = { name: 'APIError', message: 'no', statusCode: 401, retryable: false, url: null }

const outcomeOf: Record<State, Evidence['outcome']> = {
  completed: {
    state: 'completed',
    finish: 'stop',
    messageId: 'msg_1',
    rejected: false,
    answeredBy: null,
    background: [],
  },
  failed: { state: 'failed', reason: 'error', error, messageId: 'msg_1', answeredBy: null },
  running: {
    state: 'running',
    messageId: 'msg_1',
    interrupted: true,
    blocked: false,
    answeredBy: null,
    background: [],
  },
  unknown: { state: 'unknown', error: null, answeredBy: null },
}

function evidenceOf(status: Status, state: State, more: Partial<Evidence> = {}): Evidence {
  return {
    status,
    outcome: outcomeOf[status === 'idle' || state === 'unknown' ? state : 'running'],
    ended: outcomeOf[state],
    isPromptStored: true,
    isFollowed: false,
    isOutrun: false,
    sessionError: null,
    quietMs: graceMs,
    isFreed: false,
    ...more,
  }
}

describe('decideNext', () => {
  for (const [status, states] of Object.entries(verdicts) as [Status, Record<State, Cell>][]) {
    for (const [state, cell] of Object.entries(states) as [State, Cell][]) {
      for (const [stored, row] of Object.entries(cell) as ['stored' | 'missing', Row][]) {
        for (const [quiet, next] of Object.entries(row) as [Quiet, Verdict['next']][]) {
          it(`says ${next} for ${status}, ${state}, prompt ${stored}, ${quiet}`, () => {
            const isPromptStored = stored === 'stored'
            const quietMs = quietMsOf[quiet]
            const evidence = evidenceOf(status, state, { isPromptStored, quietMs })
            expect(decideNext(evidence, graceMs).next).to.equal(next)
          })
        }
      }
    }
  }

  it('takes an error of the session as the end only where no assistant message ever came', () => {
    const sessionError = { name: 'UnknownError', message: 'Model not found' }
    const next = (state: State, more: Partial<Evidence> = {}): string =>
      decideNext(evidenceOf('idle', state, { sessionError, ...more }), graceMs).next
    expect(next('unknown')).to.equal('refused')
    expect(next('unknown', { quietMs: 0 })).to.equal('wait')
    expect(next('completed')).to.equal('settle')
    expect(next('running')).to.equal('lost')
  })

  it('does not take the abort of another client for a refusal of the prompt', () => {
    const sessionError = { name: 'MessageAbortedError', message: 'Aborted' }
    const evidence = evidenceOf('idle', 'unknown', { sessionError })
    expect(decideNext(evidence, graceMs).next).to.equal('stopped')
  })

  it('gives the server the time to go on with the result of a sub-agent in the background', () => {
    const outcome = { ...outcomeOf.completed, background: ['ses_1'] } as Evidence['outcome']
    const evidence = evidenceOf('idle', 'completed', { outcome })
    expect(decideNext({ ...evidence, quietMs: graceMs - 1 }, graceMs).next).to.equal('wait')
    expect(decideNext({ ...evidence, quietMs: graceMs }, graceMs).next).to.equal('settle')
  })

  it('takes no run for lost that waits for a sub-agent in the background', () => {
    const running = { ...outcomeOf.running, interrupted: false, background: ['ses_1'] }
    const outcome = running as Evidence['outcome']
    expect(decideNext(evidenceOf('idle', 'running', { outcome }), graceMs).next).to.equal('wait')
  })

  it('settles a turn whose messages ended when the session is busy with a later prompt of another client', () => {
    for (const state of ['completed', 'failed'] as const) {
      const evidence = evidenceOf('busy', state, { isFollowed: true, quietMs: 0 })
      expect(decideNext(evidence, graceMs).next).to.equal('settle')
    }
    const open = evidenceOf('busy', 'running', { isFollowed: true, quietMs: 0 })
    expect(decideNext(open, graceMs).next).to.equal('wait')
  })

  it('settles a turn whose messages ended when the session stays busy whatever it is asked', () => {
    const quietMs = 6 * graceMs
    const freed = evidenceOf('busy', 'completed', { quietMs, isFreed: true })
    expect(decideNext(freed, graceMs).next).to.equal('settle')
    expect(decideNext({ ...freed, quietMs: quietMs - 1 }, graceMs).next).to.equal('wait')
  })
})
