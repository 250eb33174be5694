/**
 * Runs the benchmarks and prints one JSON line per figure: {"name","value","unit","better"}.
 *
 *   npm run bench                       all of them
 *   npm run bench -- --only wire        those whose name begins with `wire`
 */
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: 'lower' | 'higher'
}

interface Bench {
  /** The common beginning of the names of its figures. */
  readonly name: string
  run(): Promise<readonly Figure[]>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const prefix = readPrefix(process.argv.slice(2))
let printed = 0

for (const bench of await loadBenches()) {
  if (!bench.name.startsWith(prefix) && !prefix.startsWith(bench.name)) continue
  process.stderr.write(`# ${bench.name}\n`)
  for (const figure of await bench.run()) {
    if (!figure.name.startsWith(prefix)) continue
    process.stdout.write(`${JSON.stringify(figure)}\n`)
    printed += 1
  }
}

if (printed === 0) {
  process.stderr.write(`No figure's name begins with "${prefix}".\n`)
  process.exitCode = 1
}

async function loadBenches(): Promise<readonly Bench[]> {
  const files = ['packages', 'examples']
    .flatMap((room) => readdirSync(`${root}${room}`).map((name) => `${room}/${name}`))
    .map((folder) => `${root}${folder}/bench/index.ts`)
    .filter((file) => existsSync(file))
  const modules = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(file).href)) as { benches: Bench[] }),
  )
  return modules.flatMap((loaded) => loaded.benches)
}

function readPrefix(args: readonly string[]): string {
  const at = args.indexOf('--only')
  if (at === -1) return ''
  const value = args[at + 1]
  if (value === undefined) throw new TypeError("`--only` needs the beginning of a figure's name")
  return value
}
