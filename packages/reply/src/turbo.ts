/**
 * A reply as Turbo Stream elements, escaped by default, with the host's own templates.
 *
 * ```ts
 * const renderer = createTurboRenderer(reply, { templates: { part: (part) => html`<p>${part.kind}</p>` } })
 * broadcast(renderer.next())
 * ```
 */
export { createTurboRenderer } from './turbo/renderer.js'
export type { TurboOptions, TurboPieces, TurboRenderer } from './turbo/renderer.js'
export { plainTemplates } from './turbo/templates.js'
export type { AskContext, PartContext, TurboTemplates } from './turbo/templates.js'
export { turboStream, turboStreamType } from './turbo/action.js'
export type { TurboAction } from './turbo/action.js'
export { createLiveText } from './turbo/live-text.js'
export type { LiveText } from './turbo/live-text.js'
export { escapeHtml, html, trustedHtml } from './turbo/html.js'
export type { Html, HtmlValue } from './turbo/html.js'
export { withoutRoots } from './changes/relative-paths.js'
export type { PathOptions } from './changes/relative-paths.js'
