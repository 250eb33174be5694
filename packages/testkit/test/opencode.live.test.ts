import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runConformance } from '../conformance/run.js'
import {
  reply,
  startLeakCheck,
  startScriptedModel,
  text,
  TestkitError,
  tool,
} from '../src/index.js'
import { findOpencodeBinary, startOpencode } from '../src/opencode.js'
import { send } from './support/client.js'

const binary = findOpencodeBinary()
if (binary === null)
  console.warn('opencode tests are skipped: no executable; install opencode-linux-x64')
const live = binary === null ? it.skip : it

describe('startOpencode', () => {
  live('runs a turn on the real server, restarts it on its data, and leaves nothing', async () => {
    const leaks = startLeakCheck({ ignore: ['Timeout', 'TCPSocketWrap', 'PipeWrap'] })
    const model = await startScriptedModel(
      reply(tool.write({ filePath: 'a.txt', content: 'a\n' }), text('Written.')),
    )
    const server = await startOpencode({ model })
    const call = (method: string, path: string, body?: unknown): ReturnType<typeof send> =>
      send(server.url, method, path, body, server.headers)
    expect((await send(server.url, 'GET', '/session')).status).to.equal(401)
    const session = await call('POST', '/session', {})
    const id = String(Object(session.body).id)
    const answer = await call('POST', `/session/${id}/message`, {
      parts: [{ type: 'text', text: 'go' }],
    })
    expect(JSON.stringify(answer.body)).to.include('Written.')
    const before = server.pid
    await server.restart()
    expect(server.pid).to.be.a('number').and.to.not.equal(before)
    expect(
      (
        await call('GET', `/session/${id}/message`).catch(() =>
          call('GET', `/session/${id}/message`),
        )
      ).body,
    ).to.have.length(3)
    expect(server.logTail()).to.include('listening')
    await server.close()
    await server.close()
    await model.close()
    await leaks.assertClean()
  }).timeout(30_000)

  it('says what to do when there is no executable', async () => {
    const error = await startOpencode({
      model: 'http://127.0.0.1:1/v1',
      binary: '/nowhere/opencode',
      readyTimeoutMs: 500,
    }).catch((each: unknown) => each)
    expect(TestkitError.is(error) && error.code).to.equal('start_failed')
    expect(findOpencodeBinary({ OPENCODE_BINARY: '/nowhere' })).to.equal(null)
  })
})

describe('conformance', () => {
  live('a turn with a tool is the same on Impostor and on the real server', async () => {
    const report = await runConformance({ only: 'reasoning, text, a call, text' })
    expect(report.broken).to.deep.equal([])
    expect(report.unlisted).to.deep.equal([])
    expect(report.scenarios).to.equal(1)
  }).timeout(30_000)
})
