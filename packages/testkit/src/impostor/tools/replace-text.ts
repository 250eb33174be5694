import { waysToFind } from './find-spans.js'
import { ToolFailure } from './tool-context.js'

/** What an `edit` makes of a file, with the ends of its lines; a failure says why it makes nothing of it. */
export function replaceText(
  content: string,
  given: { readonly wanted: string; readonly replacement: string; readonly isEvery: boolean },
): string {
  const end = content.includes('\r\n') ? '\r\n' : '\n'
  const withEnds = (text: string): string =>
    text.replaceAll('\r\n', '\n').replaceAll('\n', () => end)
  const wanted = withEnds(given.wanted)
  const replacement = withEnds(given.replacement)
  let isFound = false
  for (const find of waysToFind) {
    for (const span of find(content, wanted)) {
      const first = content.indexOf(span)
      if (first < 0) continue
      isFound = true
      if (isMuchLarger(span, wanted))
        throw new ToolFailure(
          'Refusing replacement because the matched span is much larger than oldString. Re-read the file and provide the full exact oldString for the intended replacement.',
        )
      if (given.isEvery) return content.replaceAll(span, () => replacement)
      if (first !== content.lastIndexOf(span)) continue
      return content.slice(0, first) + replacement + content.slice(first + span.length)
    }
  }
  throw new ToolFailure(
    isFound
      ? 'Found multiple matches for oldString. Provide more surrounding context to make the match unique.'
      : 'Could not find oldString in the file. It must match exactly, including whitespace, indentation, and line endings.',
  )
}

function isMuchLarger(span: string, wanted: string): boolean {
  const lines = wanted.split('\n').length
  if (span.split('\n').length >= Math.max(lines + 3, lines * 2)) return true
  if (lines === 1) return false
  const size = wanted.trim().length
  return span.trim().length > Math.max(size + 500, size * 4)
}
