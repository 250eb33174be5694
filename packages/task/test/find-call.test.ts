import type { ReplySource, ToolPart } from '@turnstead/reply'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  type CallingRun,
  claimCall,
  type ClaimedCall,
  noteAnswered,
  type Search,
  type Waiting,
} from '../src/host-tools/find-call.js'
import { digestOf } from '../src/host-tools/ticket.js'

const input = { city: 'Oslo' }
const called = { fullName: 'host_weather', digest: digestOf(input) }

interface FakeRun extends CallingRun {
  /** Of the parts, by their ids. */
  readonly statuses: Record<string, 'running' | 'completed' | 'error'>
  readonly approved: Set<string>
  readonly messages: Record<string, string>
}

function runOf(...running: string[]): FakeRun {
  const statuses: FakeRun['statuses'] = Object.fromEntries(running.map((id) => [id, 'running']))
  const approved = new Set<string>()
  const messages: FakeRun['messages'] = {}
  const ask = { kind: 'permission', permission: called.fullName, state: 'answered' }
  const parts = () =>
    Object.entries(statuses).map(([id, status]) => {
      const asks = approved.has(id) ? [ask] : []
      const messageId = messages[id] ?? 'msg_1'
      const part = { kind: 'tool', tool: called.fullName, id, messageId, status, input, asks }
      return part as unknown as ToolPart
    })
  const source = { view: () => ({ parts: parts() }) } as unknown as ReplySource
  return { statuses, approved, messages, claimed: new Map(), claimsFrom: 0, source: () => source }
}

/** Requests for one call; a look takes no time, and a request gives up after ten of them. */
function requestsFor(runs: readonly FakeRun[], more: { readonly needsApproval?: boolean } = {}) {
  const waiting: Waiting = new Map()
  const lost = new Set<string>()
  const field = {
    runs: () => runs,
    needsApproval: () => more.needsApproval === true,
    isOver: (id: string) => lost.has(id),
  }
  const clockOf = (): Search<FakeRun>['clock'] => {
    let now = 0
    return {
      now: () => now,
      async sleep(ms) {
        now += ms
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
  }
  return {
    lost,
    async find({ isBack = false, signal = new AbortController().signal } = {}) {
      const search = { ...field, clock: clockOf(), waiting, until: 250, signal, isBack }
      return await claimCall(called, search)
    },
    answered(found: ClaimedCall<FakeRun> | null) {
      if (found === null) throw new Error('it was not found')
      noteAnswered(called, found, { ...field, clock: clockOf() })
      return found.part.id
    },
  }
}

describe('the call that a request of the server is for', () => {
  it('is the one that is left of three same ones, in whatever order they are answered and end', async () => {
    const run = runOf('a', 'b', 'c')
    const requests = requestsFor([run])
    const taken: string[] = []
    // Each answer ends another part than the one that was taken up, before the next request is there.
    for (const ended of ['c', 'b', 'a']) {
      taken.push(requests.answered(await requests.find()))
      run.statuses[ended] = 'completed'
    }
    expect(taken.toSorted()).to.deep.equal(['a', 'b', 'c'])
    expect(await requests.find()).to.equal(null)
  })

  it('is found where the answer to the same call of another run had ended it', async () => {
    const [one, two] = [runOf('a'), runOf('b')]
    const requests = requestsFor([one, two])
    expect(requests.answered(await requests.find())).to.equal('a')
    two.statuses['b'] = 'completed'
    expect(requests.answered(await requests.find())).to.equal('b')
    one.statuses['a'] = 'completed'
    expect(await requests.find()).to.equal(null)
  })

  it('is found where the word that an earlier process may have done the same one had ended it', async () => {
    const run = runOf('a', 'b')
    const requests = requestsFor([run])
    requests.lost.add('a')
    run.statuses['b'] = 'error'
    expect((await requests.find())?.part.id).to.equal('b')
    expect(await requests.find()).to.equal(null)
  })

  it('is none of an earlier message, which an earlier process answered, beside one that it lost', async () => {
    const run = runOf('lost')
    run.statuses['old'] = 'completed'
    run.messages['old'] = 'msg_0'
    const requests = requestsFor([run])
    requests.lost.add('lost')
    expect(await requests.find()).to.equal(null)
  })

  it('is none that had ended before: by an earlier process, or by a refusal', async () => {
    const run = runOf('new')
    run.statuses['old'] = 'completed'
    const requests = requestsFor([run])
    expect(requests.answered(await requests.find())).to.equal('new')
    // The server has not said yet that it has ended, and a request is there before the event of its own call.
    const early = requests.find()
    for (let looks = 4; looks > 0; looks -= 1) await new Promise((resolve) => setImmediate(resolve))
    run.statuses['later'] = 'running'
    expect((await early)?.part.id).to.equal('later')
  })

  it('is counted once for a request that comes back while another one waits', async () => {
    const run = runOf()
    const requests = requestsFor([run])
    const other = requests.find()
    const gone = new AbortController()
    const cut = requests.find({ signal: gone.signal })
    gone.abort()
    expect(await cut).to.equal(null)
    const back = requests.find({ isBack: true })
    run.statuses['a'] = 'running'
    run.statuses['b'] = 'running'
    const found = await Promise.all([other, back])
    expect(found.map((each) => each?.part.id)).to.have.members(['a', 'b'])
  })

  it('is none of the same ones that no person has approved', async () => {
    const run = runOf('asked', 'refused', 'approved')
    run.approved.add('approved')
    run.statuses['refused'] = 'error'
    const requests = requestsFor([run], { needsApproval: true })
    expect(requests.answered(await requests.find())).to.equal('approved')
    expect(await requests.find()).to.equal(null)
    run.approved.add('asked')
    expect((await requests.find())?.part.id).to.equal('asked')
  })
})
