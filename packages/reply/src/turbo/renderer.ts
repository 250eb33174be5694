import { relativePaths } from '../changes/relative-paths.js'
import type { PathOptions } from '../changes/relative-paths.js'
import type { ReplySource } from '../changes/reply-source.js'
import type { Ask } from '../records/ask.js'
import type { ReplyPart, ToolPart } from '../records/part.js'
import type { ReplyView } from '../records/reply-view.js'
import { element, joined, turboStream } from './action.js'
import { html, toText } from './html.js'
import type { Html } from './html.js'
import { PartActions } from './part-actions.js'
import { plainTemplates } from './templates.js'
import type { TurboTemplates } from './templates.js'

/** Options of {@link createTurboRenderer}. */
export interface TurboOptions extends PathOptions {
  /** Begins every element id; default `reply-` and the prompt's id. */
  readonly prefix?: string
  /** The host's own templates; default {@link plainTemplates}. */
  readonly templates?: Partial<TurboTemplates>
  /**
   * Renders a text or reasoning, for example Markdown. With it a growing text is changed in place: finished blocks
   * stay, only the tail is rendered again. What it returns must be safe, whatever the model wrote. Default: plain text,
   * rendered whole with each change.
   */
  readonly renderText?: (source: string) => Html
}

/** The insides of the elements that the renderer changes: a page gives these elements the ids that are named here. */
export interface TurboPieces {
  /** For the element `<prefix>-parts`, with nothing else in it. */
  readonly parts: Html
  /** For the element `<prefix>-asks`. */
  readonly asks: Html
  /** For the element `<prefix>-todos`. Leave it out where the template of the todos shows nothing. */
  readonly todos: Html
  /** For the element `<prefix>-status`. Leave it out where the template of the status shows nothing. */
  readonly status: Html
}

/** Renders a reply as Turbo Stream elements. */
export interface TurboRenderer {
  /**
   * The whole reply as HTML, for a new page. Where other pages follow the same renderer, send them `next()` before:
   * both continue from here.
   */
  page(): string
  /** The same in pieces, for a layout of the host's own. */
  pieces(): TurboPieces
  /** The `<turbo-stream>` elements that bring a page to the reply as it is now; empty when nothing changed. */
  next(): string
}

/**
 * Renders a reply for Turbo. Everything that comes from the agent is escaped.
 *
 * @example
 * ```ts
 * const renderer = createTurboRenderer(reply, { templates: { part: (part) => html`<p>${part.kind}</p>` } })
 * broadcast(renderer.next())
 * ```
 */
export function createTurboRenderer(reply: ReplySource, options: TurboOptions = {}): TurboRenderer {
  const prefix = options.prefix ?? `reply-${reply.name ?? reply.promptId}`
  const templates: TurboTemplates = { ...plainTemplates, ...options.templates }
  const paths = relativePaths(reply, options)
  const parts = new PartActions({ prefix, templates, renderText: options.renderText ?? null })
  let sections = new Map<string, string>()
  let asked: readonly string[] = []

  const pieces = (): TurboPieces => {
    const view = paths.view(reply.view())
    const shown = parts.page(view)
    const inside = sectionsOf(view, templates, prefix)
    sections = new Map(inside.map(([name, content]) => [name, toText(content)]))
    asked = openAsks(view).map(({ id }) => id)
    const { asks, todos, status } = Object.fromEntries(
      inside.map(([name, content]) => [name, html`${content}`] as const),
    ) as Record<Section[0], Html>
    return { parts: joined(shown), asks, todos, status }
  }

  return {
    pieces,
    page() {
      const { parts: shown, ...inside } = pieces()
      const elements = Object.entries(inside).map(([name, content]) =>
        element(`${prefix}-${name}`, content),
      )
      return element(prefix, [element(`${prefix}-parts`, shown), ...elements]).toString()
    },
    next() {
      const view = paths.view(reply.view())
      const actions = [...parts.next(view)]
      const open = openAsks(view)
      if (templates.ask !== undefined) {
        actions.push(...askActions(view, templates, prefix, asked))
        asked = open.map(({ id }) => id)
      }
      for (const [name, content] of sectionsOf(view, templates, prefix)) {
        if (name === 'asks' && templates.ask !== undefined) continue
        const text = toText(content)
        if (sections.get(name) === text) continue
        sections.set(name, text)
        actions.push(turboStream('update', `${prefix}-${name}`, content))
      }
      return joined(actions).toString()
    },
  }
}

type Section = readonly [name: 'asks' | 'todos' | 'status', content: Html | null]

function sectionsOf(
  view: ReplyView,
  templates: TurboTemplates,
  prefix: string,
): readonly Section[] {
  const open = openAsks(view)
  const asks =
    templates.ask === undefined
      ? templates.asks(open)
      : joined(open.map((ask) => askElement(view, ask, templates, prefix)))
  return [
    ['asks', asks],
    ['todos', templates.todos(view.todos)],
    ['status', templates.status(view)],
  ]
}

function askActions(
  view: ReplyView,
  templates: TurboTemplates,
  prefix: string,
  asked: readonly string[],
): readonly Html[] {
  const open = openAsks(view)
  const gone = asked.filter((id) => open.every((ask) => ask.id !== id))
  const fresh = open.filter(({ id }) => !asked.includes(id))
  return [
    ...gone.map((id) => turboStream('remove', askElementId(prefix, id))),
    ...fresh.map((ask) =>
      turboStream('append', `${prefix}-asks`, askElement(view, ask, templates, prefix)),
    ),
  ]
}

function askElement(view: ReplyView, ask: Ask, templates: TurboTemplates, prefix: string): Html {
  const elementId = askElementId(prefix, ask.id)
  return element(elementId, templates.ask?.(ask, { elementId, call: callOf(view, ask) }) ?? null)
}

function askElementId(prefix: string, askId: string): string {
  return `${prefix}-ask-${askId}`
}

/** By its message, too: there are models that number the calls of each message from the beginning. */
function callOf({ parts, children }: ReplyView, { callId, messageId }: Ask): ToolPart | null {
  if (callId === null) return null
  const all = [...parts, ...children.flatMap((child) => child.parts)]
  const isCall = (part: ReplyPart): part is ToolPart =>
    part.kind === 'tool' &&
    part.callId === callId &&
    (messageId === null || part.messageId === messageId)
  return all.find(isCall) ?? null
}

function openAsks(view: ReplyView): readonly Ask[] {
  return view.asks.filter((ask) => ask.state === 'open')
}
