import { html, type Html } from '@turnstead/reply/turbo'

/** How a terminal shows what follows, as far as a page shows it too. */
interface Look {
  readonly marks: ReadonlySet<string>
  readonly ink: string | null
  readonly paper: string | null
}

const plain: Look = { marks: new Set(), ink: null, paper: null }

/** Colours of select-graphic-rendition; all other control sequences, and what sets the window's title, show nothing. */
const sequences =
  // oxlint-disable-next-line no-control-regex -- control characters are what these begin with
  /\u001B\[([\d;:]*)m|\u001B\[[\d;:?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|\u001B[()][\dA-Z]|\u001B[@-Z\\-_=>]/g

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

const markOf: Readonly<Record<number, string>> = {
  1: 'bold',
  2: 'faint',
  3: 'italic',
  4: 'underline',
  9: 'struck',
}

/** What a terminal would show of a command's output: colours as classes, lines that were written over only as they ended. */
export function ansiText(output: string): Html {
  const text = overwritten(output)
  const pieces: Html[] = []
  let look = plain
  let from = 0
  for (const found of text.matchAll(sequences)) {
    pieces.push(piece(text.slice(from, found.index), look))
    if (found[1] !== undefined) look = changed(look, found[1])
    from = found.index + found[0].length
  }
  pieces.push(piece(text.slice(from), look))
  return html`${pieces}`
}

/** A carriage return begins the line again, as progress bars do. */
function overwritten(output: string): string {
  return output.replaceAll('\r\n', '\n').replaceAll(/^[^\n]*\r(?=[^\n])/gm, '')
}

function piece(text: string, { marks, ink, paper }: Look): Html {
  if (text === '') return html``
  const classes = [
    ...[...marks].map((mark) => `ansi-${mark}`),
    ...(ink === null ? [] : [`ansi-${ink}`]),
    ...(paper === null ? [] : [`ansi-on-${paper}`]),
  ]
  return classes.length === 0
    ? html`${text}`
    : html`<span class="${classes.join(' ')}">${text}</span>`
}

function changed(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number)
  let next = look
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0
    if (code !== 38 && code !== 48) {
      next = afterCode(next, code)
      continue
    }
    // `5;n` is one of 256 colours, `2;r;g;b` any: the first sixteen have names here.
    const isIndexed = codes[at + 1] === 5
    const colour = isIndexed ? indexed(codes[at + 2] ?? 0) : null
    next = code === 38 ? { ...next, ink: colour } : { ...next, paper: colour }
    at += isIndexed ? 2 : 4
  }
  return next
}

function afterCode(look: Look, code: number): Look {
  const mark = markOf[code]
  if (code === 0) return plain
  if (mark !== undefined) return { ...look, marks: new Set([...look.marks, mark]) }
  if (code === 22) return { ...look, marks: without(look.marks, 'bold', 'faint') }
  if (code === 23) return { ...look, marks: without(look.marks, 'italic') }
  if (code === 24) return { ...look, marks: without(look.marks, 'underline') }
  if (code === 29) return { ...look, marks: without(look.marks, 'struck') }
  if (code === 39) return { ...look, ink: null }
  if (code === 49) return { ...look, paper: null }
  const name = names[code % 10]
  if (name === undefined) return look
  const tens = Math.floor(code / 10)
  if (tens === 3 || tens === 9) return { ...look, ink: name }
  return tens === 4 || tens === 10 ? { ...look, paper: name } : look
}

function indexed(index: number): string | null {
  return index < 16 ? (names[index % 8] ?? null) : null
}

function without(marks: ReadonlySet<string>, ...gone: readonly string[]): ReadonlySet<string> {
  return new Set([...marks].filter((mark) => !gone.includes(mark)))
}
