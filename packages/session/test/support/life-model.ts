import { expect } from 'chai'
import type { OpenAsk, TurnRecord, TurnStatus } from '../../src/index.js'

/** The one ask of each turn. */
export const theAsk: OpenAsk = {
  id: 'per_1',
  kind: 'permission',
  sessionId: 'ses_1',
  callId: null,
  askedAt: 5,
  permission: 'bash',
  patterns: ['ls'],
}

/** What the verbs have promised to those who called them, and what must therefore be so. */
export interface LifeModel {
  claimed(fence: number): void
  ended(status: TurnStatus): void
  asked(): void
  answered(by: string): void
  /** While others may still come. */
  checkRow(row: TurnRecord | null): void
  /** After a host has finished what a sweep finds. */
  checkEnd(before: TurnRecord | null, row: TurnRecord | null): void
  /** After every event was delivered. */
  checkTold(row: TurnRecord | null, told: readonly string[]): void
}

export function createLifeModel(): LifeModel {
  const fences: number[] = []
  const ends: TurnStatus[] = []
  const answers: string[] = []
  let hasAsked = false

  const checkRow = (row: TurnRecord | null): void => {
    expect(ends, 'ends').to.have.length.at.most(1)
    expect(new Set(fences), 'fences').to.have.length(fences.length)
    expect(answers, 'answers').to.have.length.at.most(1)
    if (row === null) return expect.fail('the row is gone')
    const open = fences.length > 0 ? 'running' : 'pending'
    expect(row.status).to.equal(ends[0] ?? open)
    expect(row.settledAt === null).to.equal(ends.length === 0)
    const stored = row.asks.find(({ id }) => id === theAsk.id)
    expect(stored !== undefined, 'the ask is in the row').to.equal(hasAsked)
    expect(stored?.answeredBy ?? null).to.equal(answers[0] ?? null)
  }
  return {
    claimed: (fence) => void fences.push(fence),
    ended: (status) => void ends.push(status),
    asked: () => void (hasAsked = true),
    answered: (by) => void answers.push(by),
    checkRow,
    checkEnd(before, row) {
      expect(ends, 'ends').to.have.length(1)
      expect(row?.status).to.equal(ends[0])
      if (before !== null && before.settledAt !== null) {
        expect(row?.settledAt).to.equal(before.settledAt)
      }
      // Of what was never asked there is nothing to close.
      const isDone = row?.closedAt !== null || row.prompt === null
      expect(isDone, 'closed').to.equal(true)
      const stored = row?.asks.find(({ id }) => id === theAsk.id)
      expect(stored?.state ?? 'closed', 'the ask').to.not.equal('open')
    },
    checkTold(row, told) {
      const ended = told.filter((event) => event.startsWith('turn.ended'))
      expect(ended).to.deep.equal([`turn.ended ${row?.status}`])
      const asked = told.filter((event) => event.startsWith('turn.asked'))
      expect(asked).to.have.length(hasAsked ? 1 : 0)
    },
  }
}
