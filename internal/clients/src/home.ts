import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The user's own folders of a program, which it shares with no other. */
export interface ClientHome {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  remove(): Promise<void>
}

/** Makes an empty home. Nothing of the machine's user is seen but `PATH`. */
export async function createClientHome(): Promise<ClientHome> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-client-home-')))
  return {
    folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      HOME: folder,
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_STATE_HOME: join(folder, 'state'),
      XDG_CACHE_HOME: join(folder, 'cache'),
      TMPDIR: folder,
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    },
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}
