import { databases } from '@turnstead-internal/databases'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { startCrew } from '../races/crew.js'
import { raceForSession } from '../races/ensure.js'
import { createTally } from '../races/figures.js'
import { killAtEachStep } from '../races/kills.js'
import { raceForEnds } from '../races/rounds.js'
import { seededRandom } from '../races/seeded-random.js'
import { openStage } from '../races/stage.js'

/** A little of `npm run races`. */
const rounds = 25
const verbs = ['ensureSession', 'settle', 'answerAsk']

for (const kind of databases) {
  describe(`processes that race on ${kind.name}`, function () {
    this.timeout(120_000)
    if (kind.skip !== null) {
      it(`leave nothing behind (skipped: ${kind.skip})`)
      return
    }

    it('create one session, end each turn once, and leave nothing behind when they are killed', async () => {
      const stage = await openStage(kind.name)
      if (typeof stage === 'string') throw new Error(stage)
      try {
        const tally = createTally(kind.name)
        const crew = await startCrew(stage)
        try {
          const { successor: _ahead, ...contemporaries } = crew
          await raceForSession(stage, Object.values(contemporaries), tally)
          await raceForEnds(stage, crew, tally, { rounds, random: seededRandom(7) })
        } finally {
          await Promise.all(Object.values(crew).map((worker) => worker.kill()))
        }
        await killAtEachStep(stage, tally, verbs)
        expect(tally.value('kills')).to.be.greaterThan(verbs.length * 2)
        expect({
          created: tally.value('ensure_created'),
          overwrites: tally.value('terminal_overwrites'),
          stuck: tally.value('stuck_after_sweep'),
          orphans: tally.value('orphans_after_sweep'),
        }).to.deep.equal({ created: 1, overwrites: 0, stuck: 0, orphans: 0 })
      } finally {
        await stage.close()
      }
    })
  })
}
