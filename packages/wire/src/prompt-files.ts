import { fileURLToPath } from 'node:url'
import { posix } from 'node:path'

import { isRecord } from './values/record.js'

/**
 * Refuses files that the server would read for a prompt: it reads any path of its machine, also outside of the
 * directory, and asks for no permission. What lies in one of the roots may be read.
 *
 * @throws TypeError which names neither the path nor the prompt.
 */
export function assertFilesAllowed(body: unknown, roots: readonly string[]): void {
  for (const url of urlsOf(body)) {
    if (!isFileUrl(url) || isBelow(roots, url)) continue
    throw new TypeError(
      'a part with a `file:` URL makes the server read that file without asking; send the content as a `data:` URL, or make the client with `allowFiles: [folder]`',
    )
  }
}

/** True for a part from which the server makes further parts, each time it is sent: a read file or folder, a text, an agent. */
export function isExpanded(part: unknown): boolean {
  if (!isRecord(part)) return false
  if (part['type'] === 'agent') return true
  if (part['type'] !== 'file') return false
  if (isRecord(part['source']) && part['source']['type'] === 'resource') return true
  if (isFileUrl(part['url'])) return true
  return part['mime'] === 'text/plain' && protocolOf(part['url']) === 'data:'
}

/** Checks the option of the client. */
export function resolveRoots(roots: readonly string[]): readonly string[] {
  return roots.map((root) => {
    if (typeof root !== 'string' || !posix.isAbsolute(root)) {
      throw new TypeError('`allowFiles` must hold absolute paths of folders')
    }
    const path = posix.normalize(root)
    return path.endsWith('/') ? path : `${path}/`
  })
}

/** Parts of the older prompts, and attachments of those below `/api`. */
function urlsOf(body: unknown): unknown[] {
  if (!isRecord(body)) return []
  const { parts, prompt } = body
  const files = isRecord(prompt) ? prompt['files'] : undefined
  return [...listOf(parts), ...listOf(files)]
    .filter(isRecord)
    .flatMap((part) => [part['url'], part['uri']])
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

function isFileUrl(url: unknown): boolean {
  return protocolOf(url) === 'file:'
}

/** As the server reads it: white space around a URL and tabs in it count for nothing. */
function protocolOf(url: unknown): string | null {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).protocol : null
}

function isBelow(roots: readonly string[], url: unknown): boolean {
  try {
    // The server's machine decides what a path is, and OpenCode servers that this package knows are no Windows.
    const path = fileURLToPath(new URL(String(url)), { windows: false })
    return roots.some((root) => path.startsWith(root) || `${path}/` === root)
  } catch {
    return false
  }
}
