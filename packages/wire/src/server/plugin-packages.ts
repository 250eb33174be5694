import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const plugin = '@opencode-ai/plugin'

/** What the server takes for installed, though nothing is: it reads this file beside a `node_modules` (1.18.33). */
const standIn = JSON.stringify({
  lockfileVersion: 3,
  packages: { '': { dependencies: { [plugin]: '*' } } },
})

/**
 * Has the server fetch what plugins import, or not. What is there already stays.
 *
 * @param configHome - `XDG_CONFIG_HOME` of the server.
 */
export async function choosePluginPackages(
  configHome: string,
  isInstalled: boolean,
): Promise<void> {
  const folder = join(configHome, 'opencode')
  const modules = join(folder, 'node_modules')
  const lock = join(folder, 'package-lock.json')
  if (isInstalled) {
    const found = await readFile(lock, 'utf8').catch(() => null)
    if (found !== null && saysNothing(found)) await rm(lock)
    return
  }
  if (existsSync(lock) || existsSync(join(folder, 'package.json'))) return
  await mkdir(modules, { recursive: true })
  await writeFile(lock, standIn)
}

/** Whether a lock file asks for the plugins' package and has none, however it is written: another version of ours, or whoever formats it. */
function saysNothing(lock: string): boolean {
  const packages = membersOf(membersOf(parse(lock))['packages'])
  const { '': root, ...fetched } = packages
  const asked = Object.keys(membersOf(membersOf(root)['dependencies']))
  return Object.keys(fetched).length === 0 && asked.length === 1 && asked[0] === plugin
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Readonly<Record<string, unknown>>
}
