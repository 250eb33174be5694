/**
 * A reply as Turbo Stream elements, escaped by default, with the host's own templates.
 *
 * ```ts
 * const renderer = createTurboRenderer(reply, { templates: { part: (part) => html`<p>${part.kind}</p>` } })
 * broadcast(renderer.next())
 * ```
 */
export { createTurboRenderer, turboStreamType } from './turbo/renderer.js'
export type { TurboOptions, TurboRenderer } from './turbo/renderer.js'
export { plainTemplates } from './turbo/templates.js'
export type { TurboTemplates } from './turbo/templates.js'
export { escapeHtml, html, trustedHtml } from './turbo/html.js'
export type { Html, HtmlValue } from './turbo/html.js'
export type { PathOptions } from './changes/relative-paths.js'
