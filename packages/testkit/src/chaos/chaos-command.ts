import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { TestkitError } from '../errors.js'
import type { ScenarioLike } from '../script/scenario.js'
import { runChaos, type ChaosReport } from './run-chaos.js'

/** How `testkit chaos` is called. */
export const chaosUsage = `Usage: testkit chaos --begin <command> --check <command> [options] -- <worker command>

Runs your scenario again and again, kills the worker at every request and frame, and delivers its job twice.
The commands find the server's address in OPENCODE_BASE_URL and a fresh folder in CHAOS_DIR.

  --begin <command>     makes the job; called once in each run, while the worker starts: try until it is there
  --check <command>     exit code 0: ended well, 1: not yet, 2: ended badly; prints what a user would see
  --deliver <command>   puts the job into your queue; also called twice at once and after the end
  --target <url>        a real server; without it an Impostor is started for each run
  --scenario <file>     a module that exports \`scenario\`, what Impostor answers
  --points <n>          how many points are tried; all of them by default
  --only <text>         only points whose names contain this text
  --timeout <ms>        how long a run may take, 60000 by default
  --variable <name>     another name for OPENCODE_BASE_URL
  --json                the report as JSON
`

/** Runs the command with what stands after `chaos`. Resolves with the exit code: 1 when something was found. */
export async function chaosCommand(
  args: readonly string[],
  print: (text: string) => void,
  printError: (text: string) => void,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        begin: { type: 'string' },
        check: { type: 'string' },
        deliver: { type: 'string' },
        target: { type: 'string' },
        scenario: { type: 'string' },
        points: { type: 'string' },
        only: { type: 'string' },
        timeout: { type: 'string' },
        variable: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    })
    const { begin, check, deliver, target, only, variable } = values
    if (positionals.length === 0 || begin === undefined || check === undefined) {
      printError(chaosUsage)
      return 2
    }
    const report = await runChaos({
      worker: positionals.join(' '),
      begin,
      check,
      ...(deliver === undefined ? {} : { deliver }),
      ...(target === undefined ? {} : { target }),
      ...(only === undefined ? {} : { only }),
      ...(variable === undefined ? {} : { variable }),
      ...(values.points === undefined ? {} : { points: Number(values.points) }),
      ...(values.timeout === undefined ? {} : { timeoutMs: Number(values.timeout) }),
      ...(values.scenario === undefined ? {} : { scenario: await readScenario(values.scenario) }),
      onRun: (what) => printError(`run: ${what}\n`),
    })
    print(values.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report))
    return report.findings.length === 0 ? 0 : 1
  } catch (error) {
    printError(`${error instanceof Error ? error.message : String(error)}\n`)
    return 2
  }
}

async function readScenario(file: string): Promise<ScenarioLike> {
  const module: unknown = await import(pathToFileURL(resolve(file)).href)
  const { scenario }: { scenario?: ScenarioLike } = Object(module)
  if (scenario === undefined) {
    throw new TestkitError('invalid_options', `${file} must export \`scenario\``)
  }
  return scenario
}

/** A table of what was found, and a line that sums it up. */
function formatReport({ points, tried, unreached, findings }: ChaosReport): string {
  const width = Math.max(5, ...findings.map(({ point }) => point.length))
  const rows = findings.map(
    ({ kind, point, detail }) =>
      `${kind.padEnd(8)}${point.padEnd(width + 2)}${detail.replaceAll('\n', ' ')}\n`,
  )
  const head =
    rows.length === 0 ? '' : `${'kind'.padEnd(8)}${'point'.padEnd(width + 2)}what was seen\n`
  const missed = unreached.length === 0 ? '' : `, ${unreached.length} not reached again`
  return `${head}${rows.join('')}${points.length} points, ${tried} disturbances${missed}, ${findings.length} findings\n`
}
