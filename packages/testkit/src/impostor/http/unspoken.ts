import { operations } from './operations.js'
import type { Outcome } from './outcome.js'
import type { RequestPath } from './request-path.js'
import { findRoute, toRoutes, type Route } from './router.js'

const page =
  '<!doctype html>\n<html lang="en"><head><title>OpenCode</title></head><body></body></html>\n'

const known: readonly Route[] = toRoutes(
  Object.fromEntries(
    Object.entries(operations).flatMap(([path, methods]) =>
      methods.split(' ').map((method) => [`${method} ${path}`, () => ({ status: 501 })]),
    ),
  ),
)

/** The operation of the server's document that a request is for; null when it is none. */
export function findOperation(
  method: string,
  path: RequestPath,
): { readonly line: string; readonly params: Readonly<Record<string, string>> } | null {
  const found = findRoute(known, method, path)
  return found && { line: found.route.line, params: found.params }
}

/** The document itself, and the files of the web app. */
const files = /^\/(?!index\.html$)(doc|[^?]*\.[a-z0-9]+)$/iu

/** 501 for what the real server speaks and Impostor does not; the web app for everything else, as on the server. */
export function answerUnspoken(method: string, path: string, isOperation: boolean): Outcome {
  // There is no HEAD of anything but the page.
  if (!isOperation && (method === 'HEAD' || !files.test(path))) {
    return { status: 200, headers: { 'content-type': 'text/html' }, bytes: page }
  }
  return {
    status: 501,
    json: {
      name: 'NotImplemented',
      data: { message: `Impostor does not speak ${method} ${path}` },
    },
  }
}
