import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { flows } from './flows.js'
import { runFlows } from './run-flows.js'

if (findOpencodeBinary() === null) {
  process.stderr.write(
    'the clients need an opencode executable: install opencode-linux-x64 or set OPENCODE_BINARY\n',
  )
  process.exit(1)
}
const only = process.argv[process.argv.indexOf('--only') + 1]
const chosen = process.argv.includes('--only')
  ? flows.filter((flow) => (only ?? '').split('|').some((each) => flow.name.includes(each)))
  : flows
const reports = await runFlows(chosen, (report, ms) => {
  const bad = report.differences.length + report.broken.length
  process.stderr.write(
    `${bad === 0 ? 'same' : `${bad} differ`}  ${report.name}  (${Math.round(ms)} ms)\n`,
  )
  const show = (value: unknown): string => (JSON.stringify(value) ?? 'absent').slice(0, 600)
  for (const { at, opencode, impostor } of report.differences) {
    process.stderr.write(
      `  ${at}\n    opencode ${show(opencode)}\n    impostor ${show(impostor)}\n`,
    )
  }
  for (const each of report.broken)
    process.stderr.write(`  broken on ${each.server}: ${each.error}\n`)
})
const differences = reports.reduce(
  (sum, each) => sum + each.differences.length + each.broken.length,
  0,
)
figure('testkit.clients.flows', reports.length, 'flows', 'higher')
figure('testkit.clients.differences', differences, 'differences', 'lower')
// A terminal program or a page may leave something behind that keeps the process alive.
process.exit(differences === 0 ? 0 : 1)

function figure(name: string, value: number, unit: string, better: 'lower' | 'higher'): void {
  process.stdout.write(`${JSON.stringify({ name, value, unit, better })}\n`)
}
