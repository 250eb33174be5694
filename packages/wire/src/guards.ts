import { WireError } from './errors.js'
import { assertFilesAllowed } from './prompt-files.js'

/** What is dangerous by measurement and has to be allowed by name. */
export type Allowance =
  /** Permission answers that hold for every session of the directory, over later `deny` rules. */
  | 'always'
  /** `tools` in a prompt, which replaces the permission rules of its session for good. */
  | 'prompt_tools'
  /** Arguments of a command in which the server runs `` !`shell` `` and reads `@files`, both without asking. */
  | 'command_expansion'

/** What a client may do. */
export interface Allowed {
  readonly allow: readonly Allowance[]
  /** Folders whose files prompts may name by `file:` URLs, each with a slash at its end. */
  readonly allowFiles: readonly string[]
}

/** The server answers 500 to an id of the wrong kind, so it is told apart here. */
const idPrefixes: Readonly<Record<string, string>> = {
  sessionID: 'ses',
  messageID: 'msg',
  partID: 'prt',
  permissionID: 'per',
}

/** Refuses a malformed id as the server should: `bad_request`, and certainly not delivered. */
export function assertIds(
  label: string,
  path: string,
  params: Readonly<Record<string, unknown>>,
): void {
  for (const [name, value] of Object.entries(params)) {
    const prefix = name === 'requestID' ? requestPrefix(path) : idPrefixes[name]
    if (prefix === undefined || typeof value !== 'string' || value.startsWith(prefix)) continue
    throw new WireError(
      'bad_request',
      `${label} was not sent: \`${name}\` must start with "${prefix}"`,
      {
        delivered: 'no',
        issues: [{ path: name, message: `Expected a string starting with "${prefix}"` }],
      },
    )
  }
}

function requestPrefix(path: string): string | undefined {
  if (path.startsWith('/permission/')) return 'per'
  return path.startsWith('/question/') ? 'que' : undefined
}

/** Refuses what would widen permissions silently or pass them by, unless the client was made to allow it. */
export function assertAllowed(path: string, body: unknown, { allow, allowFiles }: Allowed): void {
  if (typeof body !== 'object' || body === null) return
  assertFilesAllowed(body, allowFiles)
  if (isCommand(path) && isExpandedText(body) && !allow.includes('command_expansion')) {
    throw new TypeError(
      "`arguments` with !`…` or @… make the server run a shell command or read a file without asking; leave them out, or make the client with `allow: ['command_expansion']`",
    )
  }
  if (
    isPrompt(path) &&
    'tools' in body &&
    body.tools !== undefined &&
    !allow.includes('prompt_tools')
  ) {
    throw new TypeError(
      "`tools` in a prompt replaces the session's permission rules for good; give the session `permission` rules, or make the client with `allow: ['prompt_tools']`",
    )
  }
  if (isAlways(path, body) && !allow.includes('always')) {
    throw new TypeError(
      "`always` would hold for every session of the directory; answer `once`, or make the client with `allow: ['always']`",
    )
  }
}

function isPrompt(path: string): boolean {
  return path === '/session/{sessionID}/prompt_async' || path === '/session/{sessionID}/message'
}

function isCommand(path: string): boolean {
  return path === '/session/{sessionID}/command'
}

/** An `@` within a word, as in an address, is not a reference. */
function isExpandedText(body: object): boolean {
  return 'arguments' in body && /!`|(?<!\w)@/.test(String(body.arguments))
}

function isAlways(path: string, body: object): boolean {
  if (!path.includes('/permission')) return false
  return (
    ('reply' in body && body.reply === 'always') ||
    ('response' in body && body.response === 'always')
  )
}
