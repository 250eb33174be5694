import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  fault,
  gate,
  reply,
  startImpostor,
  text,
  type Impostor,
  type StreamFault,
} from '../src/index.js'
import {
  createSession,
  lastText,
  prompt,
  readNaively,
  send,
  type SeenEvent,
} from './support/client.js'

const isIdle = (event: SeenEvent): boolean => event.type === 'session.idle'
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  )

/** Reads naively; a failure is looked at later. */
const watch: typeof readNaively = (...given) => {
  const reading = readNaively(...given)
  reading.catch(() => {})
  return reading
}

describe('faults of answers, met by a naive client', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  const naiveTurn = async (patienceMs: number): Promise<string> => {
    const id = await createSession(impostor.url)
    await prompt(impostor.url, id, 'go')
    await impostor.events.next((event) => event.type === 'session.idle', { timeoutMs: patienceMs })
    return lastText(impostor.url, id)
  }

  const cases = {
    refuse: fault.refuse(),
    'reset in the body': fault.reset({ afterBytes: 20 }),
    'truncated JSON': fault.truncate(),
    'HTML with status 200': fault.html(),
    '401': fault.unauthorized(),
    '404': fault.notFound(),
    '429': fault.tooManyRequests(1),
    '500': fault.serverError(),
    '503 empty': fault.unavailable(),
    'lost answer': fault.loseAnswer(),
  }
  for (const [name, each] of Object.entries(cases)) {
    it(`${name} on session creation keeps it from its answer`, async () => {
      impostor = await startImpostor(reply(text('whole')))
      expect(await naiveTurn(2000)).to.equal('whole')
      impostor.fail('POST /session', each)
      const outcome = await naiveTurn(60).catch(() => 'failed')
      expect(outcome).to.not.equal('whole')
    })
  }

  it('a lost answer leaves the prompt accepted, so that sending it again runs it twice', async () => {
    impostor = await startImpostor(reply(text('once')))
    const id = await createSession(impostor.url)
    impostor.fail('POST /session/*/prompt_async', fault.loseAnswer())
    expect(await failure(prompt(impostor.url, id, 'go'))).to.be.instanceOf(Error)
    await prompt(impostor.url, id, 'go')
    await impostor.events.next((event) => event.type === 'session.idle')
    const { body } = await send(impostor.url, 'GET', `/session/${id}/message`)
    const roles = (Array.isArray(body) ? body : []).map(
      (message: { info: { role: string } }) => message.info.role,
    )
    expect(roles.filter((role) => role === 'user')).to.have.length(2)
  })

  it('a stalled answer never comes', async () => {
    impostor = await startImpostor()
    impostor.fail('GET /global/health', fault.stall())
    const error = await failure(
      fetch(`${impostor.url}/global/health`, { signal: AbortSignal.timeout(100) }),
    )
    expect(error).to.have.property('name', 'TimeoutError')
  })

  it('a drip takes longer than a naive time limit', async () => {
    impostor = await startImpostor()
    impostor.fail('GET /global/health', fault.drip({ bytes: 4, everyMs: 30 }))
    const error = await failure(
      fetch(`${impostor.url}/global/health`, { signal: AbortSignal.timeout(60) }).then((response) =>
        response.text(),
      ),
    )
    expect(error).to.have.property('name', 'TimeoutError')
    expect(await (await fetch(`${impostor.url}/global/health`)).json()).to.have.property(
      'healthy',
      true,
    )
  })

  it('a delay is kept on the clock', async () => {
    impostor = await startImpostor()
    impostor.fail('GET /global/health', fault.delay(120))
    const error = await failure(
      fetch(`${impostor.url}/global/health`, { signal: AbortSignal.timeout(40) }),
    )
    expect(error).to.have.property('name', 'TimeoutError')
  })

  it('is met once unless the plan says otherwise, and can be taken back', async () => {
    impostor = await startImpostor()
    const undo = impostor.fail('/global/health', fault.unavailable(), { times: 5 })
    expect((await send(impostor.url, 'GET', '/global/health')).status).to.equal(503)
    undo()
    expect((await send(impostor.url, 'GET', '/global/health')).status).to.equal(200)
    expect(impostor.journal.entries.map((entry) => entry.fault)).to.deep.equal(['status', null])
  })
})

describe('faults of streams, met by a naive client', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  const naiveStream = async (...faults: readonly StreamFault[]): Promise<string> => {
    impostor = await startImpostor(reply(text('grüße 👋')), { heartbeatMs: 50 })
    for (const each of faults) impostor.fail('GET /event', each)
    const id = await createSession(impostor.url)
    const reading = watch(`${impostor.url}/event`, isIdle)
    await impostor.next('GET /event')
    await prompt(impostor.url, id, 'go')
    const events = await reading
    return events
      .map(({ properties: { delta } }) => (typeof delta === 'string' ? delta : ''))
      .join('')
  }

  it('a stream without faults gives the naive client its text', async () => {
    expect(await naiveStream()).to.equal('grüße 👋')
  })

  const cases: Readonly<Record<string, StreamFault>> = {
    'a clean end at a frame': fault.cut('message.part.delta'),
    'a reset at a frame': fault.cut('message.part.delta', 'reset'),
    'a reset in the middle of a frame': fault.cutBytes(900),
    'a dropped delta': fault.drop('message.part.delta'),
    'a lost idle': fault.drop('session.idle'),
    'a frame sent twice': fault.duplicate('message.part.delta'),
    'frames out of order': fault.reorder('message.part.delta'),
    'a frame that is not JSON': fault.garbage('session.status'),
    'CR as line ending': fault.lines('\r'),
    'CR LF as line ending': fault.lines('\r\n'),
    'a byte order mark': fault.bom(),
    'comment lines': fault.comments(),
    'bytes one by one, in the middle of characters': fault.split(1),
    'silence while the turn goes on': fault.silence('session.status'),
    'a stream that never says it is connected, with lost idle': fault.silence(0),
  }
  for (const [name, each] of Object.entries(cases)) {
    it(`${name} keeps it from its text`, async () => {
      const seen = await naiveStream(each).catch(() => 'failed')
      expect(seen).to.not.equal('grüße 👋')
    })
  }

  it('a stream that never says it is connected keeps it from ever sending its prompt', async () => {
    impostor = await startImpostor(reply(text('never')))
    impostor.fail('GET /event', fault.neverConnected())
    const reading = watch(`${impostor.url}/event`, ({ type }) => type === 'server.connected')
    expect(await failure(reading)).to.have.property('name', 'TimeoutError')
  })

  it('an oversize frame is held whole in memory by it', async () => {
    impostor = await startImpostor(reply(text('x')))
    impostor.fail('GET /event', fault.oversize('session.created', 2_000_000))
    const reading = watch(`${impostor.url}/event`, (event) => event.type === 'session.created')
    await impostor.next('GET /event')
    await createSession(impostor.url)
    expect(await failure(reading)).to.be.instanceOf(Error)
  })

  it('without heartbeats a quiet stream looks like a dead one', async () => {
    const beats = async (...faults: readonly StreamFault[]): Promise<number> => {
      impostor = await startImpostor(reply(text('x')), { heartbeatMs: 20 })
      for (const each of faults) impostor.fail('GET /event', each)
      const events: SeenEvent[] = []
      await failure(readNaively(`${impostor.url}/event`, (event) => events.push(event) > 99, 150))
      await impostor.close()
      return events.filter((event) => event.type === 'server.heartbeat').length
    }
    expect(await beats()).to.be.greaterThan(2)
    expect(await beats(fault.noHeartbeat())).to.equal(0)
    expect(await beats(fault.neverConnected(), fault.noHeartbeat())).to.equal(0)
  })

  it('silence on all streams while the poll tells the truth', async () => {
    impostor = await startImpostor(reply(text('truth')))
    const id = await createSession(impostor.url)
    const reading = watch(`${impostor.url}/event`, isIdle)
    await impostor.next('GET /event')
    impostor.streams.silence()
    await prompt(impostor.url, id, 'go')
    expect(await failure(reading)).to.be.instanceOf(Error)
    expect(await lastText(impostor.url, id)).to.equal('truth')
  })
})

describe('faults of the process, met by a naive client', () => {
  let impostor: Impostor
  afterEach(() => impostor.close())

  it('a kill leaves the turn open forever; nothing resumes and nothing is repaired', async () => {
    impostor = await startImpostor([reply(text('half '), gate('middle'), text('whole'))])
    const id = await createSession(impostor.url)
    const reading = watch(`${impostor.url}/event`, isIdle)
    await impostor.next('GET /event')
    await prompt(impostor.url, id, 'go')
    await impostor.gate('middle').reached()
    await impostor.restart()
    expect(await failure(reading)).to.be.instanceOf(Error)
    const { body } = await send(impostor.url, 'GET', `/session/${id}/message`)
    const last = Array.isArray(body) ? body.at(-1) : null
    expect(last.info.time).to.not.have.property('completed')
    expect(last.parts.map((part: { text?: string }) => part.text)).to.deep.equal([undefined, ''])
    expect((await send(impostor.url, 'GET', '/session/status')).body).to.deep.equal({})
  })

  it('a restart that forgets answers 404 for a session that was there', async () => {
    impostor = await startImpostor()
    const id = await createSession(impostor.url)
    await impostor.restart({ keep: false })
    expect((await send(impostor.url, 'GET', `/session/${id}`)).status).to.equal(404)
  })

  it('requests before readiness are never answered, later ones are', async () => {
    impostor = await startImpostor()
    await impostor.kill()
    const restarting = impostor.restart({ deafMs: 80 })
    const early = failure(
      fetch(`${impostor.url}/global/health`, { signal: AbortSignal.timeout(200) }),
    )
    await restarting
    expect((await send(impostor.url, 'GET', '/global/health')).status).to.equal(200)
    expect(await early).to.be.instanceOf(Error)
  })

  it('a frozen process takes connections and says nothing', async () => {
    impostor = await startImpostor()
    impostor.freeze()
    const frozen = failure(
      fetch(`${impostor.url}/global/health`, { signal: AbortSignal.timeout(80) }),
    )
    expect(await frozen).to.have.property('name', 'TimeoutError')
    impostor.thaw()
    expect((await send(impostor.url, 'GET', '/global/health')).status).to.equal(200)
  })

  it('a disposed directory ends its streams after saying so', async () => {
    impostor = await startImpostor()
    const reading = watch(`${impostor.url}/event`, isIdle)
    await impostor.next('GET /event')
    await send(impostor.url, 'POST', '/instance/dispose')
    expect(await failure(reading)).to.have.property(
      'message',
      'the stream ended before the turn did',
    )
    expect(impostor.events.entries.at(-1)?.type).to.equal('server.instance.disposed')
  })
})
