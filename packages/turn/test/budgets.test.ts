import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  type Budgets,
  defaultBudgets,
  exceededBudget,
  nextBudgetEnd,
  type Usage,
} from '../src/budgets.js'

const budgets: Budgets = {
  ...defaultBudgets,
  firstEventMs: 100,
  progressMs: 200,
  toolMs: 400,
  wallClockMs: 1_000,
  retryMs: 50,
  steps: 3,
  cost: 1,
  tokens: 1_000,
}

const usage: Usage = {
  startedAt: 0,
  sentAt: 0,
  firstEventAt: 10,
  progressAt: 10,
  toolsSince: null,
  retryingSince: null,
  retriedMs: 0,
  blockedSince: null,
  blockedMs: 0,
  steps: 0,
  cost: 0,
  tokens: 0,
}

function codeAt(now: number, changes: Partial<Usage>): string | undefined {
  return exceededBudget(budgets, { ...usage, ...changes }, now)?.code
}

describe('exceededBudget', () => {
  it('ends the wait for the first event, and only while none came', () => {
    expect(codeAt(99, { firstEventAt: null })).to.equal(undefined)
    expect(codeAt(100, { firstEventAt: null })).to.equal('budget_first_event')
    expect(codeAt(100, {})).to.equal(undefined)
  })

  it('does not start the first clock before the send', () => {
    expect(codeAt(500, { sentAt: null, firstEventAt: null })).to.equal(undefined)
  })

  it('ends a turn without progress', () => {
    expect(codeAt(209, {})).to.equal(undefined)
    expect(codeAt(210, {})).to.equal('budget_progress')
  })

  it('gives a running tool its own time instead', () => {
    expect(codeAt(405, { toolsSince: 6 })).to.equal(undefined)
    expect(codeAt(410, { toolsSince: 6 })).to.equal('budget_tool')
    expect(codeAt(410, { toolsSince: 6, progressAt: 100 })).to.equal(undefined)
    expect(codeAt(900, { toolsSince: 6, blockedSince: 20 })).to.equal(undefined)
  })

  it('counts only the time in the retry loop since the last progress', () => {
    expect(codeAt(109, { retryingSince: 90, retriedMs: 30 })).to.equal(undefined)
    expect(codeAt(110, { retryingSince: 90, retriedMs: 30 })).to.equal('budget_retry')
    expect(codeAt(205, { retryingSince: null, retriedMs: 49 })).to.equal(undefined)
  })

  it('ends a turn that has run too long', () => {
    expect(codeAt(1_000, { progressAt: 999 })).to.equal('budget_wall_clock')
  })

  it('suspends progress and wall clock, not the retry clock, while a person is asked', () => {
    expect(codeAt(5_000, { blockedSince: 20 })).to.equal(undefined)
    expect(codeAt(5_000, { blockedSince: 20, retryingSince: 4_000 })).to.equal('budget_retry')
  })

  it('gives the time of a person back to the wall clock', () => {
    expect(codeAt(1_500, { progressAt: 1_499, blockedMs: 600 })).to.equal(undefined)
    expect(codeAt(1_600, { progressAt: 1_599, blockedMs: 600 })).to.equal('budget_wall_clock')
  })

  it('counts steps, cost and tokens up to their limit inclusive', () => {
    expect(codeAt(20, { steps: 3, cost: 1, tokens: 1_000 })).to.equal(undefined)
    expect(codeAt(20, { steps: 4 })).to.equal('budget_steps')
    expect(codeAt(20, { cost: 1.01 })).to.equal('budget_cost')
    expect(codeAt(20, { tokens: 1_001 })).to.equal('budget_tokens')
  })
})

describe('nextBudgetEnd', () => {
  it('is the earliest end of a running clock, and exactly then the budget is exceeded', () => {
    for (const changes of [
      { firstEventAt: null },
      {},
      { progressAt: 990 },
      { retryingSince: 10 },
      { retryingSince: 10, retriedMs: 20 },
      { toolsSince: 10 },
      { blockedMs: 300, progressAt: 1_200 },
    ]) {
      const end = nextBudgetEnd(budgets, { ...usage, ...changes }, 10)
      expect(codeAt(end - 1, changes)).to.equal(undefined)
      expect(codeAt(end, changes)).to.be.a('string')
    }
  })

  it('is never when no clock runs', () => {
    const idle = { ...usage, sentAt: null, firstEventAt: null, blockedSince: 0 }
    expect(nextBudgetEnd(budgets, idle, 10)).to.equal(Infinity)
  })
})
