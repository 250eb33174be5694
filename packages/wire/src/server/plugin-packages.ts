import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What the server takes for installed, though nothing is: it reads this file beside a `node_modules` (1.18.33). */
const standIn = JSON.stringify({
  lockfileVersion: 3,
  packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } },
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
    if (found === standIn) await rm(lock)
    return
  }
  if (existsSync(lock) || existsSync(join(folder, 'package.json'))) return
  await mkdir(modules, { recursive: true })
  await writeFile(lock, standIn)
}
