/** A line for the shell that is being read. */
export interface ShellText {
  readonly source: string
  at: number
  /** Reads commands up to the character that closes them. */
  readList(close: string | null): void
}

/** A word as it is written. */
export interface ShellWord {
  readonly text: string
  /** Whether it is nothing but one expansion. */
  readonly isExpansion: boolean
}

/** Reads one word; commands inside of its substitutions are read, too. */
export function readWord(text: ShellText): ShellWord {
  const { source } = text
  const start = text.at
  let pieces = 0
  let expansions = 0
  let isInPlain = false
  for (;;) {
    const next = source[text.at]
    if (next === undefined || ' \t\n;|&)'.includes(next)) break
    if ((next === '<' || next === '>') && source[text.at + 1] !== '(') break
    if (next === '(') break
    if (next === '`' && isInTicks.has(text)) break
    const isPlain = !/["'$`<>]/u.test(next)
    if (!isPlain || !isInPlain) pieces += 1
    isInPlain = isPlain
    if (isPlain) text.at += next === '\\' ? 2 : 1
    else if (next === "'") skipPast(text, "'")
    else if (next === '"') readQuoted(text)
    else if (readExpansion(text)) expansions += 1
  }
  text.at = Math.min(text.at, source.length)
  return { text: source.slice(start, text.at), isExpansion: pieces === 1 && expansions === 1 }
}

/** Reads the commands in the expansions of a text up to its end. */
export function readExpansions(text: ShellText, end: number): void {
  while (text.at < end) {
    const next = text.source[text.at]
    if (next === '\\') text.at += 2
    else if (next === '$' || next === '`') readExpansion(text)
    else text.at += 1
  }
}

/** Texts in the middle of backquotes: the next one ends them. */
const isInTicks = new WeakSet<ShellText>()

function readQuoted(text: ShellText): void {
  text.at += 1
  for (;;) {
    const next = text.source[text.at]
    if (next === undefined) return
    if (next === '"') {
      text.at += 1
      return
    }
    if (next === '\\') text.at += 2
    else if (next === '$' || (next === '`' && !isInTicks.has(text))) readExpansion(text)
    else text.at += 1
  }
}

/** Reads an expansion, or a dollar sign that begins none. */
function readExpansion(text: ShellText): boolean {
  const rest = text.source.slice(text.at, text.at + 3)
  if (rest.startsWith('`')) {
    text.at += 1
    isInTicks.add(text)
    text.readList('`')
    isInTicks.delete(text)
    text.at += 1
  } else if (rest.startsWith('$((')) skipPast(text, '))')
  else if (/^[$<>]\(/u.test(rest)) {
    text.at += 2
    text.readList(')')
    text.at += 1
  } else if (rest.startsWith('${')) readBraces(text)
  else if (rest.startsWith("$'")) {
    text.at += 1
    skipPast(text, "'")
  } else {
    const name = /^\$(?:\w+|[@*#?$!-])/u.exec(text.source.slice(text.at, text.at + 64))?.[0]
    text.at += name?.length ?? 1
    return name !== undefined
  }
  return true
}

function readBraces(text: ShellText): void {
  text.at += 2
  for (;;) {
    const next = text.source[text.at]
    if (next === undefined) return
    if (next === '}') {
      text.at += 1
      return
    }
    if (next === '$' || next === '`') readExpansion(text)
    else if (next === '"') readQuoted(text)
    else text.at += next === '\\' ? 2 : 1
  }
}

/** From an opening mark past the one that closes it. */
function skipPast(text: ShellText, mark: string): void {
  const end = text.source.indexOf(mark, text.at + 1)
  text.at = end < 0 ? text.source.length : end + mark.length
}
