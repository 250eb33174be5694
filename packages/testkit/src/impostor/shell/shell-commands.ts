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
  const reader = new ShellReader(source)
  reader.readList(null)
  return reader.found
    .filter(({ words }) => words.length > 0)
    .map(({ end, start, words }) => ({ words, text: source.slice(start, end).trim() }))
}

class ShellReader implements ShellText {
  readonly source: string
  readonly found: Found[] = []
  at = 0
  readonly #heredocs: Heredoc[] = []

  constructor(source: string) {
    this.source = source
  }

  /** Reads commands until the character that closes them. */
  readList(close: string | null): void {
    // A redirection behind `|`, `&&` and `||` belongs to the whole chain, not to its last command.
    let isFirst = true
    for (;;) {
      this.#skipBlanks()
      const next = this.source[this.at]
      if (next === undefined || next === close) return
      if (next === '#') this.#skipTo('\n')
      else if (this.source.startsWith('&&', this.at) || next === '|') {
        this.at += /^(?:&&|\|\||\|&)/u.test(this.source.slice(this.at, this.at + 2)) ? 2 : 1
        isFirst = false
      } else if (next === '\n') {
        this.at += 1
        this.#readHeredocs()
        isFirst = true
      } else if (this.source.startsWith('((', this.at)) this.#skipPast('))')
      else if (next === '(') this.#readSubshell()
      else if (next === ';' || next === ')' || (next === '&' && this.source[this.at + 1] !== '>')) {
        this.at += 1
        isFirst = true
      } else isFirst = this.#readCommand(isFirst, close)
    }
  }

  #readSubshell(): void {
    this.at += 1
    this.readList(')')
    this.at += 1
  }

  /** Reads one command, or one word of the shell's grammar; the answer is whether a new chain begins behind it. */
  #readCommand(isFirst: boolean, close: string | null): boolean {
    const command: Found = { start: this.at, end: this.at, words: [] }
    this.found.push(command)
    let isTarget = false
    for (;;) {
      this.#skipBlanks()
      const next = this.source[this.at]
      redirect.lastIndex = this.at
      const arrow = redirect.exec(this.source)?.[0]
      const isSubstitution = arrow?.length === 1 && this.source[this.at + 1] === '('
      if (arrow !== undefined && !isSubstitution) {
        this.#readRedirect(arrow, isFirst ? command : null)
        if (command.words.length > 0) isTarget = true
        if (isFirst && command.words.length > 0) command.end = this.at
        continue
      }
      if (next === undefined || next === close || '\n;|&)'.includes(next)) break
      if (next === '#') break
      if (next === '(') {
        // A function: its name is no command.
        command.words.length = 0
        this.#skipPast(')')
        break
      }
      const word = readWord(this)
      if (word.text === '') {
        this.at += 1
        continue
      }
      if (command.words.length === 0) {
        if (assignment.test(word.text)) continue
        if (this.#isGrammar(word.text)) return word.text !== '!'
        command.words.push(word.text)
        command.end = this.at
        continue
      }
      if (isTarget) {
        if (isFirst) command.end = this.at
        continue
      }
      command.end = this.at
      if (!word.isExpansion && !noWord.test(word.text)) command.words.push(word.text)
    }
    return isFirst
  }

  /** Whether a word where a command could stand is none; what belongs to it is read, too. */
  #isGrammar(word: string): boolean {
    if (keywords.has(word)) return true
    if (word === '[') return this.#readUntil(']')
    if (word === '[[') return this.#readUntil(']]')
    this.#skipBlanks()
    if (word === 'for' && this.source.startsWith('((', this.at)) {
      this.#skipPast('))')
      return true
    }
    if (word === 'for' || word === 'select' || declarations.has(word)) return this.#readUntil(null)
    if (word === 'function') {
      this.#skipBlanks()
      readWord(this)
      this.#skipBlanks()
      if (this.source.startsWith('()', this.at)) this.at += 2
      return true
    }
    if (word !== 'case') return false
    this.#readUntil('in')
    this.#readCases()
    return true
  }

  /** Patterns of a `case` are words; what follows them are commands. */
  #readCases(): void {
    for (;;) {
      this.#skipBlanks()
      while ('\n;'.includes(this.source[this.at] ?? 'none')) {
        this.at += 1
        this.#skipBlanks()
      }
      if (this.at >= this.source.length || /^esac\b/u.test(this.source.slice(this.at, this.at + 5)))
        return
      this.#skipPast(')')
      const end = this.source.indexOf(';;', this.at)
      if (end < 0) return
      this.#readUpTo(end)
    }
  }

  #readUpTo(end: number): void {
    const inside = shellCommands(this.source.slice(this.at, end))
    for (const { text: whole, words } of inside) {
      const start = this.source.indexOf(whole, this.at)
      this.found.push({ start, end: start + whole.length, words: [...words] })
    }
    this.at = end + 2
  }

  /** Reads words up to one of them, or to the end of the line. */
  #readUntil(last: string | null): true {
    for (;;) {
      this.#skipBlanks()
      const next = this.source[this.at]
      if (next === undefined || next === ';' || next === '\n' || next === ')') return true
      if (last === null && (next === '&' || next === '|')) return true
      const word = readWord(this)
      if (word.text === '') this.at += 1
      else if (word.text === last) return true
    }
  }

  #readRedirect(arrow: string, command: Found | null): void {
    this.at += arrow.length
    this.#skipBlanks()
    const target = readWord(this).text
    if (!arrow.endsWith('<<') && !arrow.endsWith('<<-')) return
    const tag = target.replaceAll(/["'\\]/gu, '')
    this.#heredocs.push({ tag, isPlain: tag === target, command })
  }

  #readHeredocs(): void {
    for (const { command, isPlain, tag } of this.#heredocs.splice(0)) {
      const begin = this.at
      let end = begin
      for (;;) {
        const stop = this.source.indexOf('\n', end)
        const line = this.source.slice(end, stop < 0 ? this.source.length : stop)
        if (line.trim() === tag || stop < 0) {
          if (isPlain) readExpansions(this, end)
          this.at = end + line.length
          break
        }
        end = stop + 1
      }
      if (command) command.end = this.at
    }
  }

  #skipBlanks(): void {
    for (;;) {
      if (this.source.startsWith('\\\n', this.at)) this.at += 2
      else if (this.source[this.at] === ' ' || this.source[this.at] === '\t') this.at += 1
      else return
    }
  }

  #skipTo(mark: string): void {
    const end = this.source.indexOf(mark, this.at)
    this.at = end < 0 ? this.source.length : end
  }

  #skipPast(mark: string): void {
    this.#skipTo(mark)
    this.at = Math.min(this.source.length, this.at + mark.length)
  }
}
