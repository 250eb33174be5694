import { html, trustedHtml } from './html.js'
import type { Html, HtmlValue } from './html.js'

/** What a Turbo Stream element does with its target. */
export type TurboAction =
  | 'append'
  | 'prepend'
  | 'replace'
  | 'update'
  | 'remove'
  | 'before'
  | 'after'

/** The content type of Turbo Stream elements. */
export const turboStreamType = 'text/vnd.turbo-stream.html; charset=utf-8'

/**
 * One `<turbo-stream>` element: what to do with the element of this id.
 *
 * @example
 * ```ts
 * turboStream('append', 'messages', html`<p>${text}</p>`)
 * ```
 */
export function turboStream(action: TurboAction, target: string, content?: HtmlValue): Html {
  const template = content === undefined ? null : html`<template>${content}</template>`
  return html`<turbo-stream action="${action}" target="${target}">${template}</turbo-stream>`
}

/** An element of the renderer's own around what a template made. */
export function element(id: string, content: HtmlValue): Html {
  return html`<div id="${id}">${content}</div>`
}

/** Several elements as one. */
export function joined(elements: readonly Html[]): Html {
  return trustedHtml(elements.join(''))
}
