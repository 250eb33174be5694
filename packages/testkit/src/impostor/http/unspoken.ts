import type { Outcome } from './outcome.js'

/** Paths of the real server that Impostor does not speak, by their beginning. */
const unspoken = [
  '/api',
  '/auth',
  '/command',
  '/config',
  '/doc',
  '/event',
  '/experimental',
  '/file',
  '/find',
  '/formatter',
  '/global',
  '/instance',
  '/log',
  '/lsp',
  '/mcp',
  '/path',
  '/permission',
  '/project',
  '/provider',
  '/pty',
  '/question',
  '/session',
  '/skill',
  '/sync',
  '/tui',
  '/vcs',
] as const

/** The real server's own routes that have more segments, or other methods, than these answer with the web app. */
const page =
  '<!doctype html>\n<html lang="en"><head><title>OpenCode</title></head><body></body></html>\n'

/** 501 for what the real server speaks and Impostor does not; the web app for everything else, as on the server. */
export function answerUnspoken(method: string, path: string, isKnown: boolean): Outcome {
  if (isKnown || unspoken.some((start) => path === start)) {
    return {
      status: 501,
      json: {
        name: 'NotImplemented',
        data: { message: `Impostor does not speak ${method} ${path}` },
      },
    }
  }
  return { status: 200, headers: { 'content-type': 'text/html;charset=utf-8' }, bytes: page }
}
