import { html, type Html } from '@turnstead/reply/turbo'
import { formatCount } from '../atoms/format.js'
import { folded } from '../text/fold.js'

/** A unified diff with its lines in colour, and how many came and went. */
export function diffView(diff: string, id: string): Html {
  const lines = linesOf(diff)
  const count = (sign: string): string =>
    formatCount(lines.filter((line) => line.startsWith(sign)).length)
  return html`<p class="label">
      <span class="added">+${count('+')}</span> <span class="removed">−${count('-')}</span>
      <span class="visually-hidden">lines added and removed</span>
    </p>
    ${folded(lines.join('\n'), { id: `${id}-diff`, className: 'diff', show: colouredLines })}`
}

/** The same without the count and without folding, for what has to be seen whole. */
export function diffLines(diff: string): Html {
  return colouredLines(linesOf(diff).join('\n'))
}

function linesOf(diff: string): readonly string[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .filter((line) => !isFrame.test(line))
}

/** Lines that name the file once more. */
const isFrame = /^(?:Index: |={3,}$|--- |\+\+\+ |\\ No newline|diff --git |index [\da-f]+\.\.)/

function colouredLines(text: string): Html {
  return html`${text.split('\n').map((line) => html`<span class="${kindOf(line)}">${line}${'\n'}</span>`)}`
}

function kindOf(line: string): string {
  if (line.startsWith('@@')) return 'line hunk'
  if (line.startsWith('+')) return 'line added'
  return line.startsWith('-') ? 'line removed' : 'line'
}
