import { readExpansions, readWord, type ShellText } from './shell-words.js'

/** One command of a line for the shell, as the server asks for it. */
export interface ShellCommand {
  /** Its name and arguments as they are written; numbers and what is only an expansion are not there. */
  readonly words: readonly string[]
  readonly text: string
}

interface Found {
  readonly start: number
  end: number
  readonly words: string[]
}

/** A text that follows the line, up to a line of its own. */
interface Heredoc {
  readonly tag: string
  readonly isPlain: boolean
  readonly command: Found | null
}

/** Words that stand before a command and are none. */
const keywords = new Set(
  '! { } if then elif else fi while until do done esac in time; coproc;'.split(' '),
)
const declarations = new Set(['export', 'declare', 'typeset', 'readonly', 'local', 'unset'])
const redirect = /\d*(?:&>>|&>|>>|>&|>\||<>|<<<|<<-|<<|<&|>|<)/uy
/** Numbers and operators among the arguments. */
const noWord = /^(?:-?(?:0x)?\d+(?:#[\w@]+)?|==|=~)$/u
const assignment = /^\w+(?:\[[^\]]*\])?\+?=/u

/** All commands of a line, those inside of substitutions and bodies too, in the order in which they begin. */
export function shellCommands(source: string): readonly ShellCommand[] {
  const found: Found[] = []
  const heredocs: Heredoc[] = []
  const text: ShellText = { source, at: 0, readList }
  readList(null)
  return found
    .filter(({ words }) => words.length > 0)
    .map(({ end, start, words }) => ({ words, text: source.slice(start, end).trim() }))

  /** Reads commands until the character that closes them. */
  function readList(close: string | null): void {
    // A redirection behind `|`, `&&` and `||` belongs to the whole chain, not to its last command.
    let isFirst = true
    for (;;) {
      skipBlanks()
      const next = source[text.at]
      if (next === undefined || next === close) return
      if (next === '#') skipTo('\n')
      else if (source.startsWith('&&', text.at) || next === '|') {
        text.at += /^(?:&&|\|\||\|&)/u.test(source.slice(text.at, text.at + 2)) ? 2 : 1
        isFirst = false
      } else if (next === '\n') {
        text.at += 1
        readHeredocs()
        isFirst = true
      } else if (source.startsWith('((', text.at)) skipPast('))')
      else if (next === '(') readSubshell()
      else if (next === ';' || next === ')' || (next === '&' && source[text.at + 1] !== '>')) {
        text.at += 1
        isFirst = true
      } else isFirst = readCommand(isFirst, close)
    }
  }

  function readSubshell(): void {
    text.at += 1
    readList(')')
    text.at += 1
  }

  /** Reads one command, or one word of the shell's grammar; the answer is whether a new chain begins behind it. */
  function readCommand(isFirst: boolean, close: string | null): boolean {
    const command: Found = { start: text.at, end: text.at, words: [] }
    found.push(command)
    let isTarget = false
    for (;;) {
      skipBlanks()
      const next = source[text.at]
      redirect.lastIndex = text.at
      const arrow = redirect.exec(source)?.[0]
      const isSubstitution = arrow?.length === 1 && source[text.at + 1] === '('
      if (arrow !== undefined && !isSubstitution) {
        readRedirect(arrow, isFirst ? command : null)
        if (command.words.length > 0) isTarget = true
        if (isFirst && command.words.length > 0) command.end = text.at
        continue
      }
      if (next === undefined || next === close || '\n;|&)'.includes(next)) break
      if (next === '#') break
      if (next === '(') {
        // A function: its name is no command.
        command.words.length = 0
        skipPast(')')
        break
      }
      const word = readWord(text)
      if (word.text === '') {
        text.at += 1
        continue
      }
      if (command.words.length === 0) {
        if (assignment.test(word.text)) continue
        if (isGrammar(word.text)) return word.text !== '!'
        command.words.push(word.text)
        command.end = text.at
        continue
      }
      if (isTarget) {
        if (isFirst) command.end = text.at
        continue
      }
      command.end = text.at
      if (!word.isExpansion && !noWord.test(word.text)) command.words.push(word.text)
    }
    return isFirst
  }

  /** Whether a word where a command could stand is none; what belongs to it is read, too. */
  function isGrammar(word: string): boolean {
    if (keywords.has(word)) return true
    if (word === '[') return readUntil(']')
    if (word === '[[') return readUntil(']]')
    skipBlanks()
    if (word === 'for' && source.startsWith('((', text.at)) {
      skipPast('))')
      return true
    }
    if (word === 'for' || word === 'select' || declarations.has(word)) return readUntil(null)
    if (word === 'function') {
      skipBlanks()
      readWord(text)
      skipBlanks()
      if (source.startsWith('()', text.at)) text.at += 2
      return true
    }
    if (word !== 'case') return false
    readUntil('in')
    readCases()
    return true
  }

  /** Patterns of a `case` are words; what follows them are commands. */
  function readCases(): void {
    for (;;) {
      skipBlanks()
      while ('\n;'.includes(source[text.at] ?? 'none')) {
        text.at += 1
        skipBlanks()
      }
      if (text.at >= source.length || /^esac\b/u.test(source.slice(text.at, text.at + 5))) return
      skipPast(')')
      const end = source.indexOf(';;', text.at)
      if (end < 0) return
      readUpTo(end)
    }
  }

  function readUpTo(end: number): void {
    const inside = shellCommands(source.slice(text.at, end))
    for (const { text: whole, words } of inside) {
      const start = source.indexOf(whole, text.at)
      found.push({ start, end: start + whole.length, words: [...words] })
    }
    text.at = end + 2
  }

  /** Reads words up to one of them, or to the end of the line. */
  function readUntil(last: string | null): true {
    for (;;) {
      skipBlanks()
      const next = source[text.at]
      if (next === undefined || next === ';' || next === '\n' || next === ')') return true
      if (last === null && (next === '&' || next === '|')) return true
      const word = readWord(text)
      if (word.text === '') text.at += 1
      else if (word.text === last) return true
    }
  }

  function readRedirect(arrow: string, command: Found | null): void {
    text.at += arrow.length
    skipBlanks()
    const target = readWord(text).text
    if (!arrow.endsWith('<<') && !arrow.endsWith('<<-')) return
    const tag = target.replaceAll(/["'\\]/gu, '')
    heredocs.push({ tag, isPlain: tag === target, command })
  }

  function readHeredocs(): void {
    for (const { command, isPlain, tag } of heredocs.splice(0)) {
      const begin = text.at
      let end = begin
      for (;;) {
        const stop = source.indexOf('\n', end)
        const line = source.slice(end, stop < 0 ? source.length : stop)
        if (line.trim() === tag || stop < 0) {
          if (isPlain) readExpansions(text, end)
          text.at = end + line.length
          break
        }
        end = stop + 1
      }
      if (command) command.end = text.at
    }
  }

  function skipBlanks(): void {
    for (;;) {
      if (source.startsWith('\\\n', text.at)) text.at += 2
      else if (source[text.at] === ' ' || source[text.at] === '\t') text.at += 1
      else return
    }
  }

  function skipTo(mark: string): void {
    const end = source.indexOf(mark, text.at)
    text.at = end < 0 ? source.length : end
  }

  function skipPast(mark: string): void {
    skipTo(mark)
    text.at = Math.min(source.length, text.at + mark.length)
  }
}
