import { expect } from 'chai'
import { describe, it } from 'mocha'
import { type Evidence, judge, type Verdict } from '../src/poll/evidence.js'

const graceMs = 5_000
const looks = ['fresh', 'quiet'] as const

type Row = Record<(typeof looks)[number], Verdict['next']>
type Status = Evidence['status']
type State = Evidence['settled']['state']

/** Every cell must be filled: a new state or status does not compile until its verdict is decided. */
const verdicts: Record<Status, Record<State, Record<'stored' | 'missing', Row>>> = {
  busy: {
    finished: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
    failed: { stored: { fresh: 'wait', quiet: 'wait' }, missing: { fresh: 'wait', quiet: 'wait' } },
    running: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
    unknown: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
  },
  retry: {
    finished: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
    failed: { stored: { fresh: 'wait', quiet: 'wait' }, missing: { fresh: 'wait', quiet: 'wait' } },
    running: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
    unknown: {
      stored: { fresh: 'wait', quiet: 'wait' },
      missing: { fresh: 'wait', quiet: 'wait' },
    },
  },
  idle: {
    finished: {
      stored: { fresh: 'settle', quiet: 'settle' },
      missing: { fresh: 'settle', quiet: 'settle' },
    },
    failed: {
      stored: { fresh: 'settle', quiet: 'settle' },
      missing: { fresh: 'settle', quiet: 'settle' },
    },
    running: {
      stored: { fresh: 'wait', quiet: 'lost' },
      missing: { fresh: 'wait', quiet: 'send' },
    },
    unknown: {
      stored: { fresh: 'wait', quiet: 'lost' },
      missing: { fresh: 'wait', quiet: 'send' },
    },
  },
}

const error = { name: 'APIError', message: 'no', statusCode: 401, retryable: false, url: null }

const settledOf: Record<State, Evidence['settled']> = {
  finished: { state: 'finished', finish: 'stop', messageId: 'msg_1', rejected: false },
  failed: { state: 'failed', reason: 'error', error, messageId: 'msg_1' },
  running: {
    state: 'running',
    messageId: 'msg_1',
    interrupted: true,
    blocked: false,
    answeredBy: null,
  },
  unknown: { state: 'unknown', error: null, answeredBy: null },
}

describe('judge', () => {
  for (const [status, states] of Object.entries(verdicts) as [
    Status,
    (typeof verdicts)[Status],
  ][]) {
    for (const [state, rows] of Object.entries(states) as [State, (typeof states)[State]][]) {
      for (const stored of ['stored', 'missing'] as const) {
        for (const look of looks) {
          it(`says ${rows[stored][look]} for ${status}, ${state}, prompt ${stored}, ${look}`, () => {
            const verdict = judge(
              {
                status,
                settled: settledOf[state],
                isPromptStored: stored === 'stored',
                sessionError: null,
                quietMs: look === 'fresh' ? graceMs - 1 : graceMs,
              },
              graceMs,
            )
            expect(verdict.next).to.equal(rows[stored][look])
          })
        }
      }
    }
  }

  it('takes an error of the session as the end only where no assistant message ever came', () => {
    const evidence: Evidence = {
      status: 'idle',
      settled: settledOf.unknown,
      isPromptStored: true,
      sessionError: { name: 'UnknownError', message: 'Model not found' },
      quietMs: graceMs,
    }
    expect(judge(evidence, graceMs).next).to.equal('refused')
    expect(judge({ ...evidence, quietMs: 0 }, graceMs).next).to.equal('wait')
    expect(judge({ ...evidence, settled: settledOf.finished }, graceMs).next).to.equal('settle')
    expect(judge({ ...evidence, settled: settledOf.running }, graceMs).next).to.equal('lost')
  })
})
