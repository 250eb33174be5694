import type { ShellDisplay } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { icon } from '../atoms/icons.js'
import { ansiText } from '../text/ansi.js'
import { folded } from '../text/fold.js'
import { highlight } from '../text/highlight.js'

/** What OpenCode tells the model behind a command's output. */
const metadata = /\n*<(?:shell|bash)_metadata>\n([\s\S]*?)\n<\/(?:shell|bash)_metadata>\s*$/

/** A command with what it wrote, as a terminal shows it. */
export function terminal({ command, description, output, exit }: ShellDisplay, id: string): Html {
  const note = metadata.exec(output)?.[1] ?? null
  const written = output.replace(metadata, '')
  return html`${description !== null && html`<p class="label" dir="auto">${description}</p>`}
    <figure class="terminal" dir="ltr">
      <div class="command">
        <pre tabindex="0"><span class="dollar" aria-hidden="true">$ </span><code>${highlight(command, 'bash')}</code></pre>
        <button type="button" class="copy" data-copy="command">${icon('copy')} <span>Copy</span></button>
      </div>
      ${written.trim() !== '' && folded(written, { id: `${id}-out`, className: 'screen', show: ansiText })}
      ${note !== null && html`<p class="kept">${saidOf(note)}</p>`}
      ${exit !== null && exit !== 0 && html`<p class="exit">Exit code ${exit}</p>`}
    </figure>`
}

function saidOf(note: string): string {
  if (note.startsWith('User aborted')) return 'It was stopped here.'
  return note.startsWith('shell tool terminated') ? 'It took too long and was stopped here.' : note
}
