import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLibsqlKnex } from '@turnstead/session/libsql'
import { ask, gate, on, reply, text, tool } from '@turnstead/testkit'
import { runTurn, waitForPerson } from '@turnstead/turn'
import { expect } from 'chai'
import type { Knex } from 'knex'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type OpenCodeRunOutput, opencodeTask, type RunOptions, TaskError } from '../src/index.js'
import { connectTo } from '../src/run/connection.js'
import { runInPlace } from '../src/run/run-in-place.js'
import { resolveRunOptions } from '../src/task-options.js'
import { all, execute, lastOf, openRig, type Rig } from './support/rig.js'
import { startHost } from './support/start-host.js'
import { createTaskTables, taskRows } from './support/task-rows.js'

describe('a run with rows', function () {
  this.timeout(60_000)
  let rig: Rig
  let knex: Knex
  let folder: string
  let filename: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'turnstead-task-'))
    filename = join(folder, 'rows.sqlite')
    knex = createLibsqlKnex({ filename })
    await createTaskTables(knex)
  })
  afterEach(async () => {
    await knex.destroy()
    await rig[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const openTask = (more: RunOptions = {}) =>
    opencodeTask({
      client: rig.client,
      rows: taskRows(knex),
      intervalMs: 10,
      turn: { timing: { leaseMs: 1_000, pollMs: 40, graceMs: 120, snapshotMs: 20 } },
      ...more,
    })

  it('survives kill -9 of the host: the same tool call goes on, and the agent was asked once', async () => {
    const prompt = 'Survive the host'
    rig = await openRig([on(prompt, reply(text('First half. '), gate('middle'), text('Second.')))])
    const job = { url: rig.impostor.url, filename, toolCallId: 'call-1', prompt }
    const first = startHost(job)
    await first.line((line) => line === 'half')
    await first.kill()
    expect(await knex('messages').first('turn_status')).to.include({ turn_status: 'running' })

    const second = startHost(job)
    // Words that no row has yet are shown again when the server states them.
    await second.line((line) => line === 'working')
    rig.impostor.gate('middle').open()
    const line = await second.line((each) => each.startsWith('{"version"'))
    const output = JSON.parse(line) as OpenCodeRunOutput
    expect(output).to.include({ status: 'complete', summary: 'First half. Second.' })
    expect(await second.line((each) => each.startsWith('{"text"'))).to.contain('Done.')
    await second.exited
    expect(await rig.userMessages()).to.equal(1)
    rig.impostor.assertComplete()
  })

  it('finds a run that has ended, and tells it again without asking', async () => {
    rig = await openRig([reply(text('It is done.'))])
    const one = await lastOf(execute(openTask(), { prompt: 'Go' }))
    const [, ...again] = await all(execute(openTask(), { prompt: 'Go' }))
    expect(again.at(-1)).to.include({ status: 'complete', summary: 'It is done.' })
    expect(again.at(-1)?.sessionId).to.equal(one.sessionId)
    expect(again.at(-1)?.messages).to.deep.equal(one.messages)
    expect(await rig.userMessages()).to.equal(1)
  })

  it('is followed by a second host while the first one runs it', async () => {
    rig = await openRig([reply(text('First half. '), gate('middle'), text('Second.'))])
    const one = lastOf(execute(openTask(), { prompt: 'Go' }))
    await rig.impostor.gate('middle').reached()
    const seen: OpenCodeRunOutput[] = []
    for await (const output of execute(openTask(), { prompt: 'Go' })) {
      seen.push(output)
      if (JSON.stringify(output).includes('First half')) rig.impostor.gate('middle').open()
    }
    expect(seen.at(-1)).to.include({ status: 'complete', summary: 'First half. Second.' })
    expect((await one).status).to.equal('complete')
    expect(await rig.userMessages()).to.equal(1)
  })

  it('continues the conversation whose session is named, and none of others', async () => {
    rig = await openRig(reply(text('Yes.')))
    const one = await lastOf(execute(openTask(), { prompt: 'One' }, { toolCallId: 'call-1' }))
    const sessionId = String(one.sessionId)
    const two = await lastOf(
      execute(openTask(), { prompt: 'Two', sessionId }, { toolCallId: 'call-2' }),
    )
    expect(two).to.include({ status: 'complete', sessionId })
    const other = { prompt: 'Three', sessionId: 'ses_other' }
    const three = await lastOf(execute(openTask(), other, { toolCallId: 'call-3' }))
    expect(three.error?.code).to.equal('session_unknown')
    expect(await rig.userMessages()).to.equal(2)
  })

  it('is handed over by `signal`: the agent goes on, and the next call finds it', async () => {
    rig = await openRig([reply(text('First half. '), gate('middle'), text('Second.'))])
    const shutdown = new AbortController()
    const call = async (): Promise<unknown> => {
      for await (const output of execute(openTask({ signal: shutdown.signal }), { prompt: 'Go' })) {
        if (JSON.stringify(output).includes('First half')) shutdown.abort()
      }
      return null
    }
    const error = await call().catch((thrown: unknown) => thrown)
    expect(TaskError.is(error) && error.code).to.equal('handed_off')
    const next = execute(openTask(), { prompt: 'Go' })
    rig.impostor.gate('middle').open()
    expect(await lastOf(next)).to.include({ status: 'complete', summary: 'First half. Second.' })
    expect(await rig.userMessages()).to.equal(1)
  })

  it('is stopped by an abort in the process that follows it', async () => {
    rig = await openRig([reply(text('First half. '), gate('middle'), text('Second.'))])
    const one = lastOf(execute(openTask(), { prompt: 'Go' }))
    await rig.impostor.gate('middle').reached()
    const abort = new AbortController()
    const two = execute(openTask(), { prompt: 'Go' }, { abortSignal: abort.signal })
    let last: OpenCodeRunOutput | null = null
    for await (const output of two) {
      last = output
      if (JSON.stringify(output).includes('First half')) abort.abort()
    }
    expect(last?.status).to.equal('cancelled')
    const stopped = await one
    expect(stopped).to.include({ status: 'cancelled' })
    expect(stopped.stop).to.include({ aborted: true, idle: true })
  })

  it('is stopped by an abort where it waits for a person, and no process runs it', async () => {
    rig = await openRig([
      reply(ask.permission(tool.write({ filePath: 'a.txt', content: 'a' })), text('Done.')),
    ])
    const rows = taskRows(knex)
    const ids = await rows.find({ toolCallId: 'call-1', sessionId: null, prompt: 'Go' })
    if (ids === null) throw new Error('there are no rows')
    // As a worker of the host leaves it.
    const parked = await runTurn({
      ...ids,
      client: rig.client,
      store: rows.store,
      prompt: { text: 'Go' },
      asks: waitForPerson,
      timing: { pollMs: 40, graceMs: 120, parkAfterMs: 50 },
    })
    expect(parked).to.include({ status: 'skipped', reason: 'waiting' })
    const abort = new AbortController()
    const base = resolveRunOptions(connectTo({ client: rig.client }), { rows })
    const call = { callId: 'call-1', prompt: 'Go', sessionId: null, outputFile: null }
    const running = runInPlace(
      { ...base, client: rig.client },
      { ...call, signal: abort.signal },
      { ...ids, store: rows.store, leave: () => undefined },
      { cancelSignal: abort.signal, show: () => undefined },
    )
    abort.abort()
    expect(await running).to.include({ status: 'skipped', reason: 'settled' })
    expect(await rows.store.read(ids.turnId)).to.include({ status: 'cancelled' })
  })

  it('fails when its rows are not there', async () => {
    rig = await openRig(reply(text('Yes.')))
    const find = async () => ({ turnId: 'none', conversationId: 'none' })
    const task = openTask({ rows: { ...taskRows(knex), find }, asks: waitForPerson })
    const error = await lastOf(execute(task, { prompt: 'Go' })).catch((thrown: unknown) => thrown)
    expect(TaskError.is(error) && error.code).to.equal('rows_missing')
  })
})
