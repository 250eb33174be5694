import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../settings.js'
import { createHeaderUsers } from './header-users.js'
import { createNamedUsers } from './named-users.js'
import { oneUser, type Users } from './users.js'

/** The users that the settings name. */
export async function openUsers({
  logIn,
  dataDir,
  publicOrigin,
}: Pick<Settings, 'logIn' | 'dataDir' | 'publicOrigin'>): Promise<Users> {
  if (logIn.kind === 'none') return oneUser
  if (logIn.kind === 'header') return createHeaderUsers(logIn.header, logIn.proxies)
  return createNamedUsers({
    secret: logIn.secret ?? (await ownSecret(dataDir)),
    isSecure: publicOrigin?.startsWith('https:') === true,
  })
}

/** Kept, so that a restart logs no one out. */
async function ownSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, 'secret')
  await mkdir(dataDir, { recursive: true })
  const secret = randomBytes(32).toString('base64url')
  await writeFile(file, secret, { mode: 0o600, flag: 'wx' }).catch(() => undefined)
  return await readFile(file, 'utf8')
}
