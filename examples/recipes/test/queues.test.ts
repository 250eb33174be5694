import { gate, type Impostor, on, reply, startImpostor, text } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type Engine, engines } from './support/engines.js'
import { endAll, start, type Started } from './support/processes.js'
import { openRows, postgresProblem, type Rows } from './support/rows.js'

for (const [name, open] of Object.entries(engines)) {
  describe(`the recipe for ${name}`, function () {
    this.timeout(120_000)
    if (postgresProblem !== null) {
      it(`runs turns (skipped: ${postgresProblem})`)
      return
    }

    let rows: Rows
    let engine: Engine
    let impostor: Impostor
    let conversationId: number
    let workers: number

    beforeEach(async function () {
      rows = await openRows()
      const opened = await open(rows)
      if (typeof opened === 'string') {
        console.warn(`!!! the recipe for ${name} IS NOT TESTED: ${opened}`)
        return this.skip()
      }
      engine = opened
      impostor = await startImpostor([
        on('Hello', reply(text('Seen. '), gate('held'), text('Rest.'))),
        on('And?', reply(text('And so on.'))),
      ])
      conversationId = await rows.addConversation()
      workers = 0
    })
    afterEach(async () => {
      await endAll()
      await engine?.close()
      await impostor?.close()
      await rows.close()
    })

    const startWorker = (more: Readonly<Record<string, string>> = {}): Promise<Started> =>
      start('queue-worker.ts', {
        ENGINE: name,
        OWNER: `worker-${(workers += 1)}`,
        DATABASE_URL: rows.url,
        OPENCODE_URL: impostor.url,
        ...engine.env,
        ...more,
      })

    const ask = (words: string): Promise<{ conversationId: number; turnId: number }> =>
      rows.addTurn(conversationId, words, (trx, job) => engine.add(trx, job))

    /** A job passes through processes that have just begun. */
    const untilHeld = (): Promise<void> => impostor.gate('held').reached({ timeoutMs: 60_000 })

    const requests = (method: string, end: RegExp): number =>
      impostor.journal.filter((each) => each.method === method && end.test(each.path)).length

    const untilQueueIsEmpty = async (): Promise<void> => {
      while ((await engine.left()) > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    }

    it('asks once, however often a job is delivered', async () => {
      const job = await ask('Hello')
      await engine.addSecond(job)
      await Promise.all([startWorker(), startWorker()])
      await untilHeld()
      impostor.gate('held').open()
      const row = await rows.until(job.turnId, 'completed')
      expect(row).to.include({ turn_text: 'Seen. Rest.' })
      await untilQueueIsEmpty()
      expect(requests('POST', /prompt_async$/)).to.equal(1)
    })

    it('goes on when a worker is killed, also with the conversation’s next turn', async () => {
      const { turnId } = await ask('Hello')
      const killed = await startWorker()
      await untilHeld()
      await killed.end('SIGKILL')
      const next = await ask('And?')
      await startWorker()
      impostor.gate('held').open()
      const row = await rows.until(turnId, 'completed')
      expect(row).to.include({ turn_text: 'Seen. Rest.' })
      await rows.until(next.turnId, 'completed')
      expect(requests('POST', /prompt_async$/)).to.equal(2)
    })

    it('hands over at SIGTERM, and cancels nothing', async () => {
      const { turnId } = await ask('Hello')
      const leaving = await startWorker()
      await untilHeld()
      expect(await leaving.end('SIGTERM'), leaving.errors()).to.equal(0)
      const left = await rows.until(turnId, 'running')
      expect(left).to.include({ turn_text: 'Seen. ' })
      expect(requests('POST', /abort$/)).to.equal(0)
      await startWorker()
      impostor.gate('held').open()
      await rows.until(turnId, 'completed')
      expect(requests('POST', /prompt_async$/)).to.equal(1)
      await untilQueueIsEmpty()
    })

    if (name === 'graphile-worker') {
      it('ends, to be started anew, when another application of the database changes its tables', async () => {
        const { turnId } = await ask('Hello')
        const leaving = await startWorker()
        await untilHeld()
        const told = JSON.stringify({ migrationNumber: 99, breaking: true })
        await rows.knex.raw('select pg_notify(?, ?)', ['worker:migrate', told])
        expect(await leaving.ended, leaving.errors()).to.equal(57)
        await startWorker()
        impostor.gate('held').open()
        await rows.until(turnId, 'completed')
        expect(requests('POST', /prompt_async$/)).to.equal(1)
      })
    }

    it('comes back to a turn whose job the queue has given up', async () => {
      const job = await rows.addTurn(conversationId, 'And?')
      await engine.addOnce(job)
      const failing = await startWorker({ FAIL_CLAIMS_MS: '3600000' })
      await untilQueueIsEmpty()
      await failing.end('SIGTERM')
      expect(await rows.status(job.turnId)).to.equal('pending')
      // As the sweeps of five minutes note it.
      const since = { turn_pending_since: Date.now() - 3_600_000 }
      await rows.knex('messages').where('id', job.turnId).update(since)
      await startWorker()
      await rows.until(job.turnId, 'completed')
      expect(requests('POST', /prompt_async$/)).to.equal(1)
    })
  })
}
