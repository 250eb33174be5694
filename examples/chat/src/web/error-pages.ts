import { STATUS_CODES } from 'node:http'
import { turboStream, turboStreamType } from '@turnstead/reply/turbo'
import { WireError } from '@turnstead/wire'
import type { ErrorRequestHandler, Request } from 'express'
import type { AgentNote } from '../views/agent-note.js'
import { problemPage } from '../views/pages.js'
import { takesTurboStreams } from './turbo-requests.js'

export interface ErrorPagesOptions {
  readonly note: () => AgentNote
  readonly onError: (error: unknown, where: string) => void
}

/** What goes wrong unexpectedly is told where one is, with what can be done. It asks the database for nothing: that may be what is wrong. */
export function errorPages({ note, onError }: ErrorPagesOptions): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const blamed = clientErrorStatus(error)
    if (blamed === null) onError(error, `${request.method} ${request.path}`)
    if (response.headersSent) return next(error)
    const isAway = isDatabaseAway(error)
    const ours = isAway ? away : sorry
    const text = blamed === null ? ours : `${STATUS_CODES[blamed] ?? 'Bad Request'}.`
    if (isAway) response.set('retry-after', '5')
    response.status(blamed ?? (isAway ? 503 : 500))
    if (takesTurboStreams(request)) {
      const problem = turboStream('update', 'composer-problem', `${text} ${unsent}`)
      return void response.type(turboStreamType).send(String(problem))
    }
    if (!wantsPage(request)) return void response.type('text').send(text)
    const nothing = { conversations: [], search: '', currentId: null, costToday: 0, reader: null }
    const frame = { ...nothing, ...note(), now: Date.now() }
    const again = request.method === 'GET' ? request.originalUrl : null
    response.type('html').send(String(problemPage(frame, 'That did not work', text, again)))
  }
}

function wantsPage(request: Request): boolean {
  return request.get('accept')?.includes('text/html') === true
}

/** The status of an error that Express blames on the request: an unreadable body, a broken escape. A `WireError` has that of another server. */
function clientErrorStatus(error: unknown): number | null {
  if (!(error instanceof Error) || !('status' in error) || WireError.is(error)) return null
  const { status } = error
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}

const noConnection = /^(?:ECONN|ETIMEDOUT$|EPIPE$|EHOSTUNREACH$|57P0|08)/

/** No connection, or none in time: that passes. Whatever else a database says is a fault of ours. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (
    noConnection.test(code) ||
    error.name === 'KnexTimeoutError' ||
    /^Connection terminated|Client was closed/.test(error.message) ||
    (!WireError.is(error) && isDatabaseAway(error.cause))
  )
}

const away = 'The database does not answer. Nothing is lost; try again in a moment.'
const sorry = 'Something went wrong here. It is in the log of the application.'
const unsent = 'What you wrote is still here: send it again.'
