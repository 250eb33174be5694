import { findOpencodeBinary } from '../src/opencode/find-binary.js'
import { runConformance, writeFidelityPage } from './run.js'

const only = argument('--only')
const print = (line: string): void => void process.stdout.write(`${line}\n`)

if (findOpencodeBinary() === null) {
  print(
    'conformance needs an opencode executable: install opencode-linux-x64 or set OPENCODE_BINARY',
  )
  process.exit(1)
}
const report = await runConformance({
  only,
  onScenario: (name, unlisted) =>
    process.stderr.write(`${unlisted === 0 ? 'same' : `${unlisted} differ`}  ${name}\n`),
})
for (const difference of report.unlisted) {
  const shown = (value: unknown): string => (JSON.stringify(value) ?? 'absent').slice(0, 400)
  process.stderr.write(
    `\n[${difference.scenario}] ${difference.at}\n  opencode ${shown(difference.opencode)}\n  impostor ${shown(difference.impostor)}\n`,
  )
}
for (const each of report.broken)
  process.stderr.write(`\n[${each.scenario}] broken on ${each.target}: ${each.error}\n`)
const page = argument('--page')
if (page !== null) await writeFidelityPage(page, report)
const metrics = [
  ['testkit.conformance.scenarios', report.scenarios, 'scenarios'],
  [
    'testkit.conformance.unlisted_differences',
    report.unlisted.length + report.broken.length,
    'differences',
  ],
] as const
for (const [name, value, unit] of metrics) print(JSON.stringify({ name, value, unit }))
process.exitCode = report.unlisted.length + report.broken.length === 0 ? 0 : 1

function argument(name: string): string | null {
  const index = process.argv.indexOf(name)
  return index < 0 ? null : (process.argv[index + 1] ?? null)
}
