import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Users } from './users.js'

export interface NamedUsersOptions {
  /** Signs the cookies; the same in every process. */
  readonly secret: string
  /** The application is reached by HTTPS alone. */
  readonly isSecure: boolean
}

const cookieName = 'chat_user'
const maxNameLength = 60
const maxAgeSeconds = 30 * 24 * 3_600

/**
 * Users who say who they are, for development: whoever knows a name is let in by it. The cookie is signed, so that no other name can be put
 * into one.
 */
export function createNamedUsers({ secret, isSecure }: NamedUsersOptions): Users {
  const sign = (name: string): string =>
    createHmac('sha256', secret).update(`chat_user ${name}`).digest('base64url')
  const cookie = (value: string, seconds: number): string =>
    `${cookieName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`

  return {
    find({ headers }) {
      const value = readCookie(headers.cookie ?? '')
      const [encoded = '', signature = ''] = value?.split('.') ?? []
      const name = Buffer.from(encoded, 'base64url').toString('utf8')
      if (name === '' || !isSame(signature, sign(name))) return null
      return { id: `name:${name.toLowerCase()}`, name }
    },
    isNamed: true,
    names: {
      logIn(text) {
        const name = text.normalize('NFC').replaceAll(/\s+/g, ' ').trim()
        const isName = name !== '' && name.length <= maxNameLength && !/\p{C}/u.test(name)
        if (!isName) return null
        return cookie(`${Buffer.from(name).toString('base64url')}.${sign(name)}`, maxAgeSeconds)
      },
      logOut: () => cookie('', 0),
    },
  }
}

function readCookie(header: string): string | null {
  const pairs = header.split(';').map((pair) => pair.trim().split('='))
  return pairs.find(([name]) => name === cookieName)?.[1] ?? null
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
