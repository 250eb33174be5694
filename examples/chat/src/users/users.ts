import type { IncomingMessage } from 'node:http'

/** Someone who uses the application. */
export interface User {
  /** Told apart by it, at most 200 characters; conversations are kept under it. */
  readonly id: string
  /** For showing. */
  readonly name: string
}

/**
 * Who sends a request; null when that is not known, and then nothing is shown. This is the place for a log-in of your own: look at
 * the request's cookie or token, ask your own rows, and give it to `composeChat` as `users`.
 */
export type FindUser = (request: IncomingMessage) => User | null | Promise<User | null>

/** Who the users are, and how one who is not known becomes one. */
export interface Users {
  readonly find: FindUser
  /** Pages say who is logged in. */
  readonly isNamed: boolean
  /** A page of this application asks for a name, and gives this cookie. Null: someone else does all that. */
  readonly names: UserNames | null
}

/** Users who give their own name. */
export interface UserNames {
  /** The value of `Set-Cookie` for someone who gives this name; null for what is no name. */
  logIn(name: string): string | null
  /** The value of `Set-Cookie` for someone who leaves. */
  logOut(): string
}

/** One person at their own machine. */
export const oneUser: Users = {
  find: () => ({ id: 'you', name: 'You' }),
  isNamed: false,
  names: null,
}
