import { tracingChannel } from 'node:diagnostics_channel'

import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'

import { openTelemetry, type Telemetry } from './support/telemetry.js'

type Subject = object

/** As a package tells of something that it waits for, and that ends as `outcome` says. */
async function tell(
  name: string,
  subject: Subject,
  outcome: object,
  inside: () => Promise<void> = async () => undefined,
): Promise<void> {
  const channel = tracingChannel<Subject, Subject>(name)
  await channel.start.runStores(subject, async () => {
    channel.end.publish(subject)
    await inside()
    Object.assign(subject, outcome)
    channel.asyncStart.publish(subject)
    channel.asyncEnd.publish(subject)
  })
}

const request = (): Subject => ({
  method: 'GET',
  route: '/session/{sessionID}',
  sessionId: 'ses_1',
})

describe('the channels of each package', () => {
  let telemetry: Telemetry

  beforeEach(() => {
    telemetry = openTelemetry()
  })
  afterEach(() => telemetry.close())

  it('give spans of requests, sends and streams', async () => {
    const failed = { status: 404, delivered: 'yes', errorCode: 'not_found' }
    await tell('turnstead:wire:request', request(), failed)
    const { attributes, status } = telemetry.one('GET /session/{sessionID}')
    expect(attributes).to.deep.equal({
      'http.request.method': 'GET',
      'url.template': '/session/{sessionID}',
      'turnstead.session.id': 'ses_1',
      'http.response.status_code': 404,
      'turnstead.delivered': 'yes',
      'error.type': 'not_found',
    })
    expect(status.code).to.equal(2)
    const prompt: Subject = { sessionId: 'ses_1', messageId: 'msg_1' }
    await tell('turnstead:wire:prompt', prompt, { evidence: 'accepted', sends: 1 }, () =>
      tell('turnstead:wire:request', request(), { status: 204 }),
    )
    const [, inner] = telemetry.named('GET /session/{sessionID}')
    if (inner === undefined) throw new Error('the request of the prompt has a span')
    expect(telemetry.parentOf(inner)).to.equal('send prompt')
    const recorded = await telemetry.recorded()
    expect([...recorded.keys()]).to.include.members([
      'turnstead.wire.request.duration',
      'turnstead.wire.prompt.duration',
    ])
  })

  it('give a shared stream no parent', async () => {
    const tracer = telemetry.spans.getTracer('host')
    await tracer.startActiveSpan('job', async (span) => {
      const stream: Subject = { route: '/event', failures: 0, isReady: true }
      await tell('turnstead:wire:stream', stream, {})
      span.end()
    })
    expect(telemetry.one('stream /event').parentSpanContext).to.equal(undefined)
  })

  it('give spans of verbs of the store only inside others, and none of what goes on all the time', async () => {
    const verb = (name: string): Subject => ({ verb: name, turnId: 7, conversationId: null })
    await tell('turnstead:session:verb', verb('read'), { outcome: 'found' })
    expect(telemetry.finished()).to.deep.equal([])
    const collection: Subject = { turnId: 7, conversationId: 3n, tools: 2 }
    const kept = { kept: 1, keptBytes: 9, dropped: { too_large: 2, missing: 1 } }
    await tell('turnstead:artifacts:collect', collection, kept, async () => {
      await tell('turnstead:session:verb', verb('settle'), { outcome: 'done' })
      await tell('turnstead:session:verb', verb('renew'), {})
      await tell('turnstead:artifacts:put', { store: 'disk' }, { sizeBytes: 9 })
    })
    expect(telemetry.finished().map(({ name }) => name)).to.deep.equal([
      'store settle',
      'put disk',
      'collect files',
    ])
    expect(telemetry.parentOf(telemetry.one('store settle'))).to.equal('collect files')
    expect(telemetry.one('collect files').attributes).to.include({
      'gen_ai.conversation.id': '3',
      'turnstead.files.kept': 1,
      'turnstead.files.dropped': 3,
    })
    const recorded = await telemetry.recorded()
    expect(recorded.get('turnstead.session.verb.duration')).to.have.length(3)
    expect(recorded.get('turnstead.artifacts.dropped')).to.deep.equal([
      { 'turnstead.reason': 'too_large' },
      { 'turnstead.reason': 'missing' },
    ])
  })

  it('give spans of deliveries of the outbox', async () => {
    const delivery: Subject = {
      eventId: 'evt',
      type: 'turn.ended',
      turnId: 7,
      conversationId: 3,
      attempts: 2,
    }
    await tell('turnstead:turn:outbox', delivery, { outcome: 'dead', errorCode: 'http_500' })
    expect(telemetry.one('deliver turn.ended').attributes).to.include({
      'turnstead.outcome': 'dead',
      'turnstead.attempts': 2,
      'error.type': 'http_500',
    })
  })
})
