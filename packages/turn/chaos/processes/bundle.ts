import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The scripts of the processes, each as one file of JavaScript. */
export interface Bundle {
  /** Where the script of this name is. */
  pathOf(name: 'worker' | 'web'): string
}

const here = fileURLToPath(new URL('.', import.meta.url))
/** From here the packages are found that stay outside. */
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** Gone with this process. Hundreds of processes are started and killed: from one file that takes a quarter of what it does from the sources. */
export async function bundleProcesses(): Promise<Bundle> {
  const folder = await mkdtemp(join(modules, '.chaos-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  await build({
    entryPoints: ['worker', 'web'].map((name) => join(here, `${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@turnstead/source'],
    // What they load by names that are made as they run.
    external: ['knex', 'libsql'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  return { pathOf: (name) => join(folder, `${name}.mjs`) }
}
