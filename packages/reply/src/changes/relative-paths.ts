import type { Ask } from '../records/ask.js'
import type { ReplyPart } from '../records/part.js'
import type { ReplyView } from '../records/reply-view.js'
import type { Workspace } from '../records/workspace.js'
import type { Change } from './change.js'

/** How a view that goes to a browser shows the paths of the server's machine. */
export interface PathOptions {
  /**
   * Paths in here are shown relative to it, in everything but the texts that the model wrote; of several directories the
   * first that fits counts. Default: the directory that the server names. `null` leaves all paths as they are.
   */
  readonly root?: string | readonly string[] | null
}

/** Takes the path of the directory out of what tools, asks, files and patches say. */
export interface RelativePaths {
  view(view: ReplyView): ReplyView
  change(change: Change): Change
}

interface Rooted {
  readonly directory?: string | null
}

/**
 * A text with the paths in these directories relative to them. For texts that the model wrote, which views leave as
 * they are because they grow: use it where a text is rendered whole.
 */
export function withoutRoots(text: string, roots: readonly string[]): string {
  return stripped(text, patternsOf(roots))
}

/** The same object for the same input, as long as the root is the same: encoders compare by identity. */
export function relativePaths(source: Rooted, { root }: PathOptions): RelativePaths {
  const roots = typeof root === 'string' ? [root] : root
  let paths = pathsIn([])
  let current: readonly string[] = []
  return {
    view: (view) => now().view(view),
    change: (change) => now().change(change),
  }
  function now(): RelativePaths {
    const directory = source.directory ?? null
    const next = roots === undefined ? (directory === null ? [] : [directory]) : (roots ?? [])
    if (next.join('\n') !== current.join('\n')) paths = pathsIn(next)
    current = next
    return paths
  }
}

function pathsIn(roots: readonly string[]): RelativePaths {
  const patterns = patternsOf(roots)
  if (patterns.length === 0) return { view: (view) => view, change: (change) => change }
  const known = new WeakMap<object, unknown>()

  const strip = <Value>(value: Value): Value => deepStrip(value, patterns) as Value
  const once = <Value extends object>(value: Value, make: (value: Value) => Value): Value => {
    const made = known.get(value) ?? make(value)
    known.set(value, made)
    return made as Value
  }
  const ask = (each: Ask): Ask => once(each, strip)
  const part = (each: ReplyPart): ReplyPart => {
    if (each.kind === 'text' || each.kind === 'reasoning' || each.kind === 'note') return each
    return once<ReplyPart>(each, strip)
  }
  const parts = (list: readonly ReplyPart[]): readonly ReplyPart[] => list.map(part)
  const workspace = (each: Workspace): Workspace => once(each, strip)
  const wholeView = (view: ReplyView): ReplyView =>
    once(view, () => ({
      ...view,
      parts: parts(view.parts),
      children: view.children.map((child) => ({ ...child, parts: parts(child.parts) })),
      asks: view.asks.map(ask),
      workspace: workspace(view.workspace),
    }))
  return {
    view: wholeView,
    change: (change) => {
      switch (change.type) {
        case 'part-added':
        case 'part-changed':
        case 'part-finished':
          return { ...change, part: part(change.part) }
        case 'tool-progressed':
        case 'workspace-changed':
          return strip(change)
        case 'ask-opened':
        case 'ask-resolved':
        case 'ask-expired':
          return { ...change, ask: ask(change.ask) }
        case 'replaced':
          return { ...change, view: wholeView(change.view) }
        default:
          return change
      }
    },
  }
}

function patternsOf(roots: readonly string[]): readonly RegExp[] {
  return roots.map(patternOf).filter((pattern) => pattern !== null)
}

/** The root where a path begins, with the separator after it; `null` for a root that holds everything. */
function patternOf(root: string): RegExp | null {
  const bare = root.replace(/[\\/]+$/, '')
  if (bare === '') return null
  const escaped = bare.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const before = String.raw`(?<![\w.\-\\/])(?:file://)?`
  const behind = String.raw`(?:([\\/]+)(?=[^\s"'<>\\/])|[\\/]+|(?![\w\-\\/]|\.\w))`
  return new RegExp(before + escaped + behind, 'g')
}

function stripped(text: string, patterns: readonly RegExp[]): string {
  return patterns.reduce(
    (stripping, pattern) =>
      stripping.replace(pattern, (_, separator: string | undefined) =>
        separator === undefined ? '.' : '',
      ),
    text,
  )
}

function deepStrip(value: unknown, patterns: readonly RegExp[]): unknown {
  if (typeof value === 'string') return stripped(value, patterns)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item) => deepStrip(item, patterns))
  const entries = Object.entries(value)
  return Object.fromEntries(
    entries.map(([key, item]) => [stripped(key, patterns), deepStrip(item, patterns)]),
  )
}
