import { on, reply, text, tool, usage } from '@turnstead/testkit'
import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { type BudgetWarning, runTurn, type StandardSchema } from '../src/index.js'
import { checkOutput, formatOf } from '../src/output.js'
import { openRig, type Rig } from './support/rig.js'

interface City {
  readonly city: string
}

const citySchema = { type: 'object', properties: { city: { type: 'string' } } }

/** As libraries that follow both specifications. */
function cities(describe = true): StandardSchema<City> {
  return {
    '~standard': {
      version: 1,
      vendor: 'of this test',
      validate: async (value) => {
        const { city } = (value ?? {}) as Partial<City>
        return typeof city === 'string'
          ? { value: { city: city.toUpperCase() } }
          : { issues: [{ message: '`city` is no text' }] }
      },
      ...(describe ? { jsonSchema: { output: () => citySchema } } : {}),
    },
  }
}

describe('the form of an answer', () => {
  it('is described by the schema itself, or by its caller', () => {
    expect(formatOf({ schema: cities(), retryCount: 1 })).to.deep.equal({
      type: 'json_schema',
      schema: citySchema,
      retryCount: 1,
    })
    expect(formatOf({ schema: cities(false), jsonSchema: { type: 'array' } })).to.deep.equal({
      type: 'json_schema',
      schema: { type: 'array' },
    })
    expect(() => formatOf({ schema: cities(false) })).to.throw(TypeError, 'jsonSchema')
  })

  it('is checked by the schema, which may change the value', async () => {
    expect(await checkOutput({ schema: cities() }, { city: 'Oslo' })).to.deep.equal({
      isValid: true,
      value: { city: 'OSLO' },
    })
    expect(await checkOutput({ schema: cities() }, { city: 5 })).to.deep.equal({
      isValid: false,
      problems: ['`city` is no text'],
    })
  })
})

describe('what a prompt leaves to the host', () => {
  let rig: Rig
  beforeEach(async () => (rig = await openRig([])))
  afterEach(() => rig.close())

  async function sentBody(): Promise<Record<string, unknown>> {
    const [sent] = rig.impostor.journal.filter(({ path }) => path.endsWith('/prompt_async'))
    return sent?.body as Record<string, unknown>
  }

  it('is sent with it, where the prompt does not say it itself, and is not kept in the row', async () => {
    rig.impostor.answer(on('Hello', reply(text('Hello you.'))))
    const turnId = await rig.rows.addMessage()
    const promptDefaults = { system: 'Be brief.', variant: 'high' }
    const prompt = { text: 'Hello', variant: 'low' }
    await runTurn(rig.options(turnId, 'Hello', { prompt, promptDefaults }))
    expect(await sentBody()).to.include({ system: 'Be brief.', variant: 'low' })
    expect((await rig.rows.store.read(turnId))?.input).to.deep.equal(prompt)
  })

  it('has the format of `output`, and an answer without it fails the turn', async () => {
    rig.impostor.answer(on('Which?', reply(text('Oslo.'))))
    const turnId = await rig.rows.addMessage()
    const output = { schema: cities() }
    const result = await runTurn(rig.options(turnId, 'Which?', { output }))
    expect(await sentBody()).to.deep.include({
      format: { type: 'json_schema', schema: citySchema },
    })
    expect(result).to.include({ status: 'failed', ending: 'output_invalid' })
    const said = 'Model did not produce structured output'
    expect(result).to.have.nested.property('error.cause.message', said)
    expect(await rig.rows.row(turnId)).to.include({ text: 'Oslo.', reason: 'output_invalid' })
  })

  it('fails the turn with an object that does not fit, which the server lets through', async () => {
    rig.impostor.answer(on('Which?', reply(tool.call('StructuredOutput', { town: 'Oslo' }))))
    const turnId = await rig.rows.addMessage()
    const result = await runTurn(rig.options(turnId, 'Which?', { output: { schema: cities() } }))
    expect(result).to.include({ status: 'failed', ending: 'output_invalid' })
    expect(result).to.have.nested.property('error.cause.message', '`city` is no text')
  })
})

describe('a soft limit', () => {
  let rig: Rig
  beforeEach(async () => (rig = await openRig([])))
  afterEach(() => rig.close())

  it('warns once for each budget before it ends the turn, whatever the callback does', async () => {
    const echo = tool.bash({ command: 'echo', description: 'Says' })
    const spent = usage({ input: 400, output: 100 })
    rig.impostor.answer(on('Hello', reply(spent, text('1'), echo, text('2'), echo, text('3'))))
    const turnId = await rig.rows.addMessage()
    const warnings: BudgetWarning[] = []
    const result = await runTurn(
      rig.options(turnId, 'Hello', {
        budgets: { tokens: 100_000, steps: 10, warnShare: 0.005 },
        onBudgetWarning: (warning) => {
          warnings.push(warning)
          throw new Error('of the host')
        },
      }),
    )
    expect(result).to.include({ status: 'completed' })
    const codes = warnings.map(({ code }) => code)
    expect(codes).to.include.members(['budget_tokens', 'budget_steps'])
    expect(new Set(codes).size).to.equal(codes.length)
    expect(rig.reports.filter((each) => each.includes('of the host'))).to.have.length(codes.length)
    const tokens = warnings.find(({ code }) => code === 'budget_tokens')
    expect(tokens?.limit).to.equal(100_000)
    expect(tokens?.used).to.be.at.least(500)
  })
})
