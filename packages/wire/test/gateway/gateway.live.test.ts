import { on, reply, type ScriptedModel, startScriptedModel, text, tool } from '@turnstead/testkit'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createMemoryLedger,
  type MemoryLedger,
  type ModelGateway,
  type Spend,
  startModelGateway,
} from '../../src/gateway.js'
import { type Client, createClient, createMessageId, createPartId } from '../../src/index.js'
import { detectProvider } from '../../src/providers.js'
import { type OpencodeServer, startServer } from '../../src/server.js'

const binary = findOpencodeBinary()
const suite = binary === null ? describe.skip : describe
if (binary === null)
  console.warn('wire: live tests of the gateway skipped: no opencode executable was found')

/** Writes down all that a shell of the agent's can see of environments and processes. */
const look =
  '{ env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; ps axeww; } > seen.txt 2>/dev/null; cat seen.txt | head -c 20000'

suite('the model gateway before the real server', function () {
  this.timeout(120_000)
  const key = `sk-live-${randomBytes(20).toString('hex')}`
  let folder: string
  let model: ScriptedModel
  let gateway: ModelGateway
  let ledger: MemoryLedger
  let server: OpencodeServer
  let client: Client
  let capMicroUsd: number | null
  const owners = new Map<string | null, string>()
  const spends: Spend[] = []

  beforeEach(async () => {
    capMicroUsd = null
    spends.length = 0
    folder = await mkdtemp(join(tmpdir(), 'turnstead-gateway-'))
    model = await startScriptedModel([
      on('Look', reply(tool.bash({ command: look }), text('Looked.'))),
      on(
        'Delegate',
        reply(
          tool.task({ description: 'A sub-agent', prompt: 'Help' }, reply(text('Helped.'))),
          text('Done.'),
        ),
      ),
    ])
    ledger = createMemoryLedger({
      capOf: () => capMicroUsd,
      onSpend: (spend) => spends.push(spend),
    })
    gateway = await startModelGateway({
      credentials: {
        provider: 'openai-compatible',
        id: 'scripted',
        baseUrl: model.url,
        apiKey: key,
        model: 'standard',
      },
      priceOf: () => ({ input: 1, output: 2 }),
      userOf: ({ rootSessionId }) => owners.get(rootSessionId),
      ledger,
    })
    const provider = detectProvider(
      {},
      {
        credentials: gateway.grant().credentials,
        config: { permission: { external_directory: 'allow' } },
      },
    )
    server = await startServer({
      binary: binary ?? '',
      directory: folder,
      dataDir: join(folder, '.data'),
      config: provider?.config ?? {},
      installPlugins: false,
      env: { ...provider?.env, OPENCODE_DISABLE_MODELS_FETCH: '1' },
    })
    client = createClient({
      baseUrl: server.url,
      username: server.username,
      password: server.password,
      directory: folder,
      env: {},
    })
  })
  afterEach(async () => {
    await client.close()
    await server.close()
    await gateway.close()
    await model.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** One whole turn in a session of this user's; resolves with the error that ended it, if one did. */
  async function ask(user: string, words: string): Promise<string | null> {
    const { id } = await client.session.create({})
    owners.set(id, user)
    const events = client.events.subscribe({ session: id, includeChildren: false })
    await events.ready
    await client.prompt.send(id, {
      messageID: createMessageId(),
      parts: [{ id: createPartId(), type: 'text', text: words }],
    })
    let failure: string | null = null
    for await (const event of events) {
      if (event.type === 'session.error') {
        const { error } = event.properties
        failure =
          error !== undefined && 'message' in error.data ? String(error.data.message) : 'unknown'
      }
      if (event.type === 'session.idle') break
    }
    return failure
  }

  /** Titles are asked for beside the turn. */
  async function settled(): Promise<void> {
    for (let left = 200; left > 0 && gateway.calls > 0; left -= 1) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    expect(gateway.calls).to.equal(0)
  }

  it('has the keys nowhere that the agent can look: no environment, process, file or log', async () => {
    expect(await ask('ann', 'Look')).to.equal(null)
    await settled()
    // It has seen something: the server's own token, and the command of the server.
    const seen = await readFile(join(folder, 'seen.txt'), 'utf8')
    expect(seen).to.include('turnstead_')
    expect(seen).to.match(/^serve$/m)
    expect(seen).to.not.include(key)
    const { id } = (await client.session.list()).at(-1) ?? { id: '' }
    expect(JSON.stringify(await client.session.messages(id))).to.not.include(key)
    expect(server.logTail()).to.not.include(key)
    expect(await holding(folder, 'turnstead_')).to.not.deep.equal([])
    expect(await holding(folder, key)).to.deep.equal([])
    const requests = JSON.stringify(model.requests.entries)
    expect(requests).to.not.include(key)
  })

  it('counts titles and sub-agents to the token, for the user of the conversation', async () => {
    expect(await ask('ann', 'Delegate')).to.equal(null)
    expect(await ask('bob', 'Hello')).to.equal(null)
    await settled()
    const spent = model.spent()
    const sum = (of: (spend: Spend) => number): number =>
      spends.reduce((total, spend) => total + of(spend), 0)
    expect(spends).to.have.length(spent.answers)
    expect(sum(({ usage }) => usage.inputTokens + usage.cacheReadTokens)).to.equal(
      spent.inputTokens,
    )
    expect(sum(({ usage }) => usage.outputTokens)).to.equal(spent.outputTokens)
    expect(sum(({ microUsd }) => microUsd)).to.equal(ledger.spent('ann') + ledger.spent('bob'))
    // Two steps, its sub-agent's one, and the title.
    expect(spends.filter(({ user }) => user === 'ann')).to.have.length(4)
    const [child] = spends.filter(({ sessionId, rootSessionId }) => sessionId !== rootSessionId)
    expect(child?.user).to.equal('ann')
    expect(model.asides.entries.length).to.be.greaterThan(0)
  })

  it('ends turns at the cap with words for it, a hundred at once, and passes it by one call at most', async () => {
    capMicroUsd = 3_000
    const ends = await Promise.all(Array.from({ length: 100 }, () => ask('ann', 'Hello')))
    await settled()
    const [{ microUsd } = { microUsd: 0 }] = spends
    expect(microUsd).to.be.greaterThan(0)
    expect(ledger.spent('ann')).to.be.within(capMicroUsd, capMicroUsd + microUsd)
    const refused = ends.filter((end) => end !== null)
    expect(refused).to.not.have.length(0)
    expect(new Set(refused)).to.deep.equal(new Set(['The spending limit is reached.']))
    expect(model.spent().answers).to.equal(spends.length)
    expect(ledger.reserved('ann')).to.equal(0)
  })
})

/** The files below a folder that hold a text. */
async function holding(folder: string, words: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if ((await readFile(path).catch(() => Buffer.alloc(0))).includes(words)) found.push(path)
  }
  return found
}
