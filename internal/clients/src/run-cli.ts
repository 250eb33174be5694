import { spawn } from 'node:child_process'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { createClientHome } from './home.js'

/** What a command printed. */
export interface CliResult {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/**
 * Runs `opencode` to its end, in an empty home. It prints into files: what it writes into a pipe just before its end is
 * lost now and then.
 */
export async function runCli(words: readonly string[], cwd: string): Promise<CliResult> {
  const home = await createClientHome()
  const printed = { out: join(home.folder, 'out'), err: join(home.folder, 'err') }
  const out = await open(printed.out, 'w')
  const err = await open(printed.err, 'w')
  try {
    const child = spawn(findOpencodeBinary() ?? 'opencode', [...words], {
      cwd,
      env: home.env,
      stdio: ['ignore', out.fd, err.fd],
      timeout: 60_000,
      killSignal: 'SIGKILL',
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return {
      code,
      out: plain(await readFile(printed.out, 'utf8')),
      err: plain(await readFile(printed.err, 'utf8')),
    }
  } finally {
    await out.close()
    await err.close()
    await home.remove()
  }
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- colours begin with a control character
  return text.replaceAll(/\u001B\[[0-9;?]*[a-zA-Z]/gu, '')
}
