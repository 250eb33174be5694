import { nonBlank, number, string } from '../records/fields.js'
import type { ToolPart } from '../records/part.js'
import { readTodos } from '../records/todo.js'
import type { Todo } from '../records/todo.js'
import { isTerminal } from '../records/tool-status.js'
import type { ToolStatus } from '../records/tool-status.js'
import { knownPrefixes, knownTools } from './known-tools.js'
import type { ToolWording } from './known-tools.js'
import { languageOf } from './languages.js'
import { oneLine } from './one-line.js'

/** What a host adds to the tools that are known. */
export interface ToolDisplayOptions {
  /** Wordings by tool name; they come before the known ones. */
  readonly tools?: Readonly<Record<string, ToolWording>>
  /** Prefixes of MCP servers with the server's name; the longest that fits counts. */
  readonly prefixes?: Readonly<Record<string, string>>
}

/** What a shell command did. */
export interface ShellDisplay {
  readonly command: string
  readonly description: string | null
  /** What it wrote so far. */
  readonly output: string
  /** Its exit code; `null` while it runs and when it was killed. */
  readonly exit: number | null
}

/** A file that a call wrote whole. */
export interface FileDisplay {
  readonly path: string
  readonly content: string
  /** A hint for a highlighter. */
  readonly language: string | null
}

/** A labelled piece of a call's input. */
export interface ToolField {
  readonly label: string
  readonly text: string
}

/** What there is to show of a tool call. Never throws, whatever the call holds. */
export interface ToolDisplay {
  /** The name without the prefix of its MCP server. */
  readonly name: string
  /** The MCP server, `builtin`, or `unknown`. */
  readonly provider: string
  readonly status: ToolStatus
  readonly isRunning: boolean
  /** True once it completed, failed or was interrupted. */
  readonly isDone: boolean
  readonly icon: string
  readonly noun: string
  /** What the call is about, as the agent wrote it: a path, a command, an address. */
  readonly target: string | null
  /** One line for the state the call is in, of at most 200 characters. */
  readonly title: string
  /** One line for while it runs. */
  readonly titleBefore: string
  /** One line for when it is done. */
  readonly titleAfter: string
  /** What is worth reading of its input, in full. */
  readonly fields: readonly ToolField[]
  /** What it wrote or answered so far; empty when it did not. */
  readonly output: string
  /** A unified diff of what changed. */
  readonly diff: string | null
  /** The plan, what is being done first. */
  readonly todos: readonly Todo[] | null
  readonly shell: ShellDisplay | null
  readonly file: FileDisplay | null
  /** The beginning of what was read. */
  readonly preview: string | null
  /** How much was found. */
  readonly matches: number | null
  readonly error: string | null
}

/**
 * Describes a tool call.
 *
 * @example
 * ```ts
 * const { title, diff, shell } = describeTool(part)
 * ```
 */
export function describeTool(part: ToolPart, options: ToolDisplayOptions = {}): ToolDisplay {
  const tools = { ...knownTools, ...options.tools }
  const { name, provider } = canonical(part.tool, tools, { ...knownPrefixes, ...options.prefixes })
  const wording = Object.hasOwn(tools, name) ? tools[name] : undefined
  const target = targetOf(part, wording)
  const fallback = oneLine(part.title ?? '') || humanised(part.tool)
  const before = wording === undefined ? fallback : phrase(wording.present, target)
  const after = wording === undefined ? fallback : phrase(wording.past, target)
  const isDone = isTerminal(part.status)
  const given = part.metadata ?? {}
  return {
    name,
    provider,
    status: part.status,
    isRunning: part.status === 'running',
    isDone,
    icon: wording?.icon ?? 'tool',
    noun: wording?.noun ?? humanised(part.tool),
    target,
    title: isDone && part.status !== 'interrupted' ? after : before,
    titleBefore: before,
    titleAfter: after,
    fields: fieldsOf(part, wording),
    output: part.output ?? string(given, 'output') ?? '',
    diff: nonBlank(given, 'diff'),
    todos: todosOf(part),
    shell: name === 'bash' ? shellOf(part) : null,
    file: fileOf(part),
    preview: nonBlank(given, 'preview'),
    matches: number(given, 'matches') ?? number(given, 'count'),
    error: part.error,
  }
}

function canonical(
  tool: string,
  tools: Readonly<Record<string, ToolWording>>,
  prefixes: Readonly<Record<string, string>>,
): { readonly name: string; readonly provider: string } {
  if (Object.hasOwn(tools, tool)) return { name: tool, provider: 'builtin' }
  const matching = Object.entries(prefixes).filter(
    ([prefix]) => tool.startsWith(prefix) && tool !== prefix,
  )
  const [longest] = matching.sort(([left], [right]) => right.length - left.length)
  if (longest === undefined) return { name: tool, provider: 'unknown' }
  const [prefix, provider] = longest
  const stripped = tool.slice(prefix.length)
  if (Object.hasOwn(tools, stripped)) return { name: stripped, provider }
  // Some servers say their name twice: `exa_search_exa`.
  const suffix = `_${provider}`
  const bare = stripped.endsWith(suffix) ? stripped.slice(0, -suffix.length) : ''
  return { name: bare === '' ? stripped : bare, provider }
}

function targetOf(part: ToolPart, wording: ToolWording | undefined): string | null {
  for (const field of wording?.target ?? []) {
    const target = nonBlank(part.input, field)
    if (target !== null) return target
  }
  return null
}

function fieldsOf({ input }: ToolPart, wording: ToolWording | undefined): readonly ToolField[] {
  const fields = Object.entries(wording?.fields ?? {}).flatMap(([name, label]) => {
    const text = string(input, name)
    return text === null || text === '' ? [] : [{ label, text }]
  })
  if (fields.length > 0 || Object.keys(input).length === 0) return fields
  return [{ label: 'Input', text: JSON.stringify(input, null, 2) }]
}

function phrase(verb: string, target: string | null): string {
  return oneLine(target === null ? verb.replace(/ for$/, '') : `${verb} ${target}`)
}

function humanised(tool: string): string {
  const words = oneLine(tool.replace(/[_-]+/g, ' '))
  return words === '' ? 'Tool' : words.charAt(0).toUpperCase() + words.slice(1)
}

const order = ['in_progress', 'pending', 'completed']

function todosOf({ metadata, input }: ToolPart): readonly Todo[] | null {
  const todos = readTodos(metadata?.['todos']) ?? readTodos(input['todos'])
  const rank = ({ status }: Todo): number =>
    order.includes(status) ? order.indexOf(status) : order.length
  return todos === null ? null : [...todos].sort((left, right) => rank(left) - rank(right))
}

function shellOf({ input, metadata, output }: ToolPart): ShellDisplay {
  const given = metadata ?? {}
  return {
    command: string(input, 'command') ?? '',
    description: nonBlank(input, 'description'),
    output: string(given, 'output') ?? string(given, 'stdout') ?? output ?? '',
    exit: number(given, 'exit'),
  }
}

function fileOf({ input, metadata }: ToolPart): FileDisplay | null {
  const path = nonBlank(metadata ?? {}, 'filepath') ?? nonBlank(input, 'filePath')
  const content = string(input, 'content')
  return path === null || content === null ? null : { path, content, language: languageOf(path) }
}
