import { readdir, readFile } from 'node:fs/promises'
import { findOpencodeBinary } from '../src/opencode/find-binary.js'
import { playCassette } from './play-cassette.js'
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
  lanes: Number(argument('--lanes') ?? 1),
  onScenario: (name, unlisted) =>
    process.stderr.write(`${unlisted === 0 ? 'same' : `${unlisted} differ`}  ${name}\n`),
})
for (const difference of report.unlisted) {
  const shown = (value: unknown): string =>
    (JSON.stringify(value) ?? 'absent').slice(0, Number(argument('--width') ?? 400))
  process.stderr.write(
    `\n[${difference.scenario}] ${difference.at}\n  opencode ${shown(difference.opencode)}\n  impostor ${shown(difference.impostor)}\n`,
  )
}
for (const each of report.broken)
  process.stderr.write(`\n[${each.scenario}] broken on ${each.target}: ${each.error}\n`)
const replayed = await replayAll()
const page = argument('--page')
if (page !== null) await writeFidelityPage(page, report)
const differences = report.unlisted.length + report.broken.length
figure('testkit.conformance.scenarios', report.scenarios, 'scenarios', 'higher')
figure('testkit.conformance.unlisted_differences', differences, 'differences', 'lower')
figure('testkit.cassettes.replayed', replayed, 'cassettes', 'higher')
process.exitCode = differences === 0 ? 0 : 1

function figure(name: string, value: number, unit: string, better: 'lower' | 'higher'): void {
  print(JSON.stringify({ name, value, unit, better }))
}

/** How many of the cassettes are served as they were recorded. */
async function replayAll(): Promise<number> {
  const folder = new URL('../cassettes/', import.meta.url)
  let count = 0
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.jsonl')) continue
    const wrong = await playCassette(await readFile(new URL(file, folder), 'utf8'))
    if (wrong.length === 0) count += 1
    else process.stderr.write(`${file}: ${wrong[0]}\n`)
  }
  return count
}

function argument(name: string): string | null {
  const index = process.argv.indexOf(name)
  return index < 0 ? null : (process.argv[index + 1] ?? null)
}
