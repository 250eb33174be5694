import type { ReplyView } from '../records/reply-view.js'
import type { ReplyPart } from '../records/part.js'
import { relativePaths } from '../changes/relative-paths.js'
import type { PathOptions } from '../changes/relative-paths.js'
import type { ReplySource } from '../changes/reply-source.js'
import { escapeHtml, toText } from './html.js'
import type { Html } from './html.js'
import { plainTemplates } from './templates.js'
import type { TurboTemplates } from './templates.js'

/** Options of {@link createTurboRenderer}. */
export interface TurboOptions extends PathOptions {
  /** Begins every element id; default `reply-` and the prompt's id. */
  readonly prefix?: string
  /** The host's own templates; default {@link plainTemplates}. */
  readonly templates?: Partial<TurboTemplates>
}

/** Renders a reply as Turbo Stream elements. */
export interface TurboRenderer {
  /** The whole reply as HTML, for the first page. */
  page(): string
  /** The `<turbo-stream>` elements that bring a page to the reply as it is now; empty when nothing changed. */
  next(): string
}

/** The content type of Turbo Stream elements. */
export const turboStreamType = 'text/vnd.turbo-stream.html; charset=utf-8'

/** Renders a reply for Turbo. Everything that comes from the agent is escaped. */
export function createTurboRenderer(reply: ReplySource, options: TurboOptions = {}): TurboRenderer {
  const prefix = options.prefix ?? `reply-${reply.promptId}`
  const templates = { ...plainTemplates, ...options.templates }
  const paths = relativePaths(reply, options)
  let shown: ReplyView | null = null
  return {
    page() {
      const view = paths.view(reply.view())
      const parts = view.parts.map((part) => element(`${prefix}-${part.id}`, templates.part(part)))
      const sections = sectionsOf(view, templates).map(([name, content]) =>
        element(`${prefix}-${name}`, content),
      )
      shown = view
      return `<div id="${escapeHtml(prefix)}"><div id="${escapeHtml(prefix)}-parts">${parts.join('')}</div>${sections.join('')}</div>`
    },
    next() {
      const view = paths.view(reply.view())
      const before = shown
      const actions = [
        ...partActions(prefix, templates, before, view),
        ...sectionActions(prefix, templates, before, view),
      ]
      // Not earlier: what a template fails to show is shown the next time.
      shown = view
      return actions.join('')
    },
  }
}

function partActions(
  prefix: string,
  templates: TurboTemplates,
  before: ReplyView | null,
  view: ReplyView,
): string[] {
  const known = new Map(before?.parts.map((part) => [part.id, part]))
  const actions: string[] = []
  for (const [index, part] of view.parts.entries()) {
    const id = `${prefix}-${part.id}`
    const was = known.get(part.id)
    known.delete(part.id)
    if (was === part) continue
    const content = element(id, templates.part(part))
    if (was !== undefined) actions.push(action('replace', id, content))
    else actions.push(insertion(prefix, view.parts[index - 1], content))
  }
  for (const id of known.keys()) actions.push(action('remove', `${prefix}-${id}`, null))
  return actions
}

function insertion(prefix: string, previous: ReplyPart | undefined, content: string): string {
  if (previous === undefined) return action('prepend', `${prefix}-parts`, content)
  return action('after', `${prefix}-${previous.id}`, content)
}

type Section = readonly [name: string, content: Html | null]

function sectionsOf(view: ReplyView, templates: TurboTemplates): readonly Section[] {
  const open = view.asks.filter((ask) => ask.state === 'open')
  return [
    ['asks', templates.asks(open)],
    ['todos', templates.todos(view.todos)],
    ['status', templates.status(view)],
  ]
}

function sectionActions(
  prefix: string,
  templates: TurboTemplates,
  before: ReplyView | null,
  view: ReplyView,
): string[] {
  const known = new Map(before === null ? [] : sectionsOf(before, templates))
  return sectionsOf(view, templates).flatMap(([name, content]) => {
    const text = toText(content)
    if (before !== null && toText(known.get(name)) === text) return []
    return [action('update', `${prefix}-${name}`, text)]
  })
}

function element(id: string, content: Html | null): string {
  return `<div id="${escapeHtml(id)}">${toText(content)}</div>`
}

function action(name: string, target: string, content: string | null): string {
  const template = content === null ? '' : `<template>${content}</template>`
  return `<turbo-stream action="${name}" target="${escapeHtml(target)}">${template}</turbo-stream>`
}
