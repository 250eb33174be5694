/**
 * Pages that the host makes of an agent's files, for `transforms` of `createMessageArtifacts`. The agent's data goes in,
 * escaped and bounded; the host's markup comes out, without a script. Needs the peer `markdown-it`.
 *
 * ```ts
 * const artifacts = createMessageArtifacts({
 *   store,
 *   directory: '/srv/agents/7',
 *   transforms: [markdownToHtml(), csvPreview(), jsonPage()],
 * })
 * ```
 *
 * @packageDocumentation
 */
export type { Transform, TransformSource } from './transforms/transform.js'
export { csvPreview, type CsvPreviewOptions } from './transforms/csv-preview.js'
export { jsonPage, type JsonPageOptions } from './transforms/json-page.js'
export { markdownToHtml, type MarkdownOptions } from './transforms/markdown-to-html.js'
