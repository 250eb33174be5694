import { expect } from 'chai'
import { describe, it } from 'mocha'
import { runContract, type ContractCase, type Runner } from '../src/contract.js'

interface Registered {
  readonly name: string
  readonly run: (() => Promise<void>) | null
}

function collect(
  cases: readonly ContractCase<number>[],
  options: Partial<Parameters<typeof runContract<number>>[3]> = {},
): { tests: Registered[]; closed: () => number } {
  const tests: Registered[] = []
  let closed = 0
  const register = (name: string, run: () => Promise<void>): void => void tests.push({ name, run })
  const runner: Runner = {
    describe: (_name, body) => body(),
    it: Object.assign(register, { skip: (name: string) => void tests.push({ name, run: null }) }),
  }
  const open = async (): Promise<{ subject: number; close: () => Promise<void> }> => ({
    subject: 1,
    close: async () => void (closed += 1),
  })
  runContract(runner, 'contract', cases, { open, ...options })
  return { tests, closed: () => closed }
}

const passing: ContractCase<number> = { name: 'passes', run: async () => {} }

describe('runContract', () => {
  it('closes the subject of a case that fails, and lets the failure through', async () => {
    const failing: ContractCase<number> = {
      name: 'fails',
      run: async () => Promise.reject(new Error('broken promise')),
    }
    const { tests, closed } = collect([failing])
    const error = await tests[0]?.run?.().catch((each: unknown) => each)
    expect(error).to.have.property('message', 'broken promise')
    expect(closed()).to.equal(1)
  })

  it('shows a skip with its reason, and a missing capability', () => {
    const { tests } = collect([passing, { ...passing, name: 'flies', needs: 'wings' }], {
      skip: { passes: 'not here' },
    })
    expect(tests.map((test) => [test.name, test.run])).to.deep.equal([
      ['passes (skipped: not here)', null],
      ['flies (skipped: needs wings)', null],
    ])
  })

  it('runs a case whose capability is declared', () => {
    const { tests } = collect([{ ...passing, needs: 'wings' }], { capabilities: ['wings'] })
    expect(tests[0]?.run).to.be.a('function')
  })

  it('refuses a skip that names no case, one without a reason, and two cases of one name', () => {
    expect(() => collect([passing], { skip: { pases: 'typo' } })).to.throw(TypeError, 'pases')
    expect(() => collect([passing], { skip: { passes: ' ' } })).to.throw(TypeError, 'reason')
    expect(() => collect([passing, passing])).to.throw(TypeError, 'two cases')
  })
})
