import type { Request, RequestHandler, Response } from 'express'
import { Router } from 'express'
import type { User, Users } from '../users/users.js'
import type { Reader } from '../views/layout.js'
import { logInPage } from '../views/log-in.js'

const known = new WeakMap<Response, User>()

/** Who asks. Only behind {@link usersOnly}. */
export function userOf(response: Response): User {
  const user = known.get(response)
  if (user === undefined) throw new Error('no one has been asked for')
  return user
}

/** How pages name who reads them; null for the one person at their own machine. */
export function readerOf({ names, isNamed }: Users, { name }: User): Reader | null {
  return isNamed ? { name, mayLogOut: names !== null } : null
}

/** Lets in whom it knows. Others get the page that asks for a name, or are told that they are not known. */
export function usersOnly({ find, names }: Users): RequestHandler {
  return async (request, response, next) => {
    const user = await find(request)
    if (user !== null) {
      known.set(response, user)
      return next()
    }
    response.set('cache-control', 'no-store')
    if (names === null) {
      return void response.status(401).type('text').send('You are not known here.')
    }
    const isPage = (request.method === 'GET' || request.method === 'HEAD') && wantsPage(request)
    if (isPage)
      return response.redirect(303, `/log-in?to=${encodeURIComponent(request.originalUrl)}`)
    response.status(401).type('text').send('Log in first.')
  }
}

function wantsPage(request: Request): boolean {
  return request.get('accept')?.includes('text/html') === true
}

/** The page that asks for a name, and the way out; nothing where someone else does that. */
export function logInRoutes({ names }: Users): Router {
  const router = Router()
  if (names === null) return router
  router.get('/log-in', (request, response) => {
    response.set('cache-control', 'no-store').type('html')
    response.send(String(logInPage({ to: pathOf(request.query['to']), problem: null })))
  })
  router.post('/log-in', (request, response) => {
    const { name, to } = (request.body ?? {}) as { name?: unknown; to?: unknown }
    const cookie = typeof name === 'string' ? names.logIn(name) : null
    if (cookie === null) {
      const page = logInPage({ to: pathOf(to), problem: 'Write a name of at most 60 characters.' })
      return void response.status(422).type('html').send(String(page))
    }
    response.set('set-cookie', cookie).redirect(303, pathOf(to))
  })
  router.post('/log-out', (_request, response) => {
    response.set('set-cookie', names.logOut()).redirect(303, '/log-in')
  })
  return router
}

/** A place of this application, whatever the address says. */
function pathOf(to: unknown): string {
  return typeof to === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(to) ? to : '/'
}
