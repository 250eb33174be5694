import fc from 'fast-check'
import { compareCassettes } from './cassettes.js'
import { laws } from './laws.js'

const cases = Number(process.env['LAW_CASES'] ?? 10_000)
const seed = process.env['LAW_SEED'] === undefined ? Date.now() : Number(process.env['LAW_SEED'])

let run = 0
let failures = 0
for (const { name, property } of laws) {
  const started = performance.now()
  const details = await fc.check(property as fc.IRawProperty<unknown>, { numRuns: cases, seed })
  run += details.numRuns
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (!details.failed) {
    console.log(`ok    law ${name}: ${details.numRuns} cases, ${seconds} s`)
    continue
  }
  failures += 1
  console.log(`FAIL  law ${name}\n${await fc.asyncDefaultReportMessage(details)}`)
}
const { cutPoints, mismatches } = compareCassettes()
for (const mismatch of mismatches) console.log(`FAIL  cassette ${mismatch}`)
const figures = [
  { name: 'reply.laws.cases', value: run, unit: 'cases', better: 'higher' },
  { name: 'reply.laws.failures', value: failures, unit: 'laws', better: 'lower' },
  { name: 'reply.cassettes.cut_points', value: cutPoints, unit: 'cut points', better: 'higher' },
  {
    name: 'reply.cassettes.mismatches',
    value: mismatches.length,
    unit: 'cut points',
    better: 'lower',
  },
]
for (const figure of figures) console.log(JSON.stringify(figure))
if (failures > 0 || mismatches.length > 0) process.exitCode = 1
