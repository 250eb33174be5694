import { accessSync, constants } from 'node:fs'
// Whole, because a bundler's banner often declares `createRequire` for the whole bundle.
import * as nodeModule from 'node:module'
import { delimiter, dirname, join } from 'node:path'

/**
 * The path of an `opencode` executable: `OPENCODE_BINARY`, else the one on the `PATH`, else that of the npm package
 * `opencode-<platform>-<arch>` that the current project (or this package) can see. Null when there is none.
 */
export function findOpencodeBinary(
  env: Readonly<Record<string, string | undefined>> = process.env,
): string | null {
  const named = env['OPENCODE_BINARY']
  if (named !== undefined && named !== '') return isExecutable(named) ? named : null
  return fromPath(env['PATH'] ?? '') ?? fromPackages()
}

function fromPackages(): string | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const executable = process.platform === 'win32' ? 'opencode.exe' : 'opencode'
  const bases = [join(process.cwd(), 'package.json'), import.meta.url]
  for (const base of bases) {
    try {
      const manifest = nodeModule
        .createRequire(base)
        .resolve(`opencode-${platform}-${process.arch}/package.json`)
      const candidate = join(dirname(manifest), 'bin', executable)
      if (isExecutable(candidate)) return candidate
    } catch {
      // Not installed as seen from here.
    }
  }
  return null
}

function fromPath(path: string): string | null {
  for (const folder of path.split(delimiter)) {
    const candidate = join(folder, 'opencode')
    if (folder !== '' && isExecutable(candidate)) return candidate
  }
  return null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
