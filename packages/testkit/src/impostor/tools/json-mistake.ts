/** What is wrong with a text that is no JSON, in the words of the server's engine; null when it is JSON. */
export function jsonMistake(text: string): string | null {
  try {
    new Reader(text).whole()
    return null
  } catch (error) {
    if (error instanceof Mistake) return error.message
    throw error
  }
}

class Mistake extends Error {
  override readonly name: string = 'Mistake'
}

/** Reads JSON as JavaScriptCore does, which tells of the first thing that it did not expect. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): void {
    this.#value()
    if (this.#peek() !== '') throw new Mistake('Unable to parse JSON string')
  }

  /** The next character that counts; nothing at the end. */
  #peek(): string {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'none')) this.#at += 1
    return this.#text.slice(this.#at, this.#at + 1)
  }

  /** What stands here is not what was expected; a token that is none is told first. */
  #fail(message: string): Mistake {
    const next = this.#peek()
    if (next === "'") return new Mistake("Single quotes (') are not allowed in JSON")
    const isToken = next === '' || /[\w$"\-\][{}:,().=;]/u.test(next)
    return new Mistake(isToken ? message : `Unrecognized token '${next}'`)
  }

  #value(): void {
    const next = this.#peek()
    if (next === '') throw new Mistake('Unexpected EOF')
    if (next === '{') return this.#object()
    if (next === '[') return this.#array()
    if (next === '"') return this.#string()
    if (/[-\d]/u.test(next)) return this.#number()
    const word = /^[a-z_$][\w$]*/iu.exec(this.#text.slice(this.#at))?.[0]
    if (word === undefined) throw this.#fail(`Unexpected token '${next}'`)
    if (!['true', 'false', 'null'].includes(word))
      throw new Mistake(`Unexpected identifier "${word}"`)
    this.#at += word.length
  }

  #object(): void {
    this.#at += 1
    if (this.#peek() === '}') return void (this.#at += 1)
    if (this.#peek() !== '"') throw this.#fail("Expected '}'")
    for (;;) {
      if (this.#peek() !== '"') throw this.#fail('Property name must be a string literal')
      this.#string()
      if (this.#peek() !== ':')
        throw this.#fail("Expected ':' before value in object property definition")
      this.#at += 1
      this.#value()
      const next = this.#peek()
      if (next !== ',' && next !== '}') throw this.#fail("Expected '}'")
      this.#at += 1
      if (next === '}') return
    }
  }

  #array(): void {
    this.#at += 1
    if (this.#peek() === ']') return void (this.#at += 1)
    for (;;) {
      this.#value()
      const next = this.#peek()
      if (next !== ',' && next !== ']') throw this.#fail("Expected ']'")
      this.#at += 1
      if (next === ']') return
      if (this.#peek() === ']') throw new Mistake('Unexpected comma at the end of array expression')
    }
  }

  #number(): void {
    const rest = this.#text.slice(this.#at)
    const found = /^-?(?:0|[1-9]\d*)/u.exec(rest)?.[0]
    if (found === undefined) throw new Mistake('Invalid number')
    const fraction = /^\.\d*/u.exec(rest.slice(found.length))?.[0] ?? ''
    if (fraction === '.') throw new Mistake('Invalid digits after decimal point')
    const exponent = /^e[+-]?\d+/iu.exec(rest.slice(found.length + fraction.length))?.[0] ?? ''
    this.#at += found.length + fraction.length + exponent.length
  }

  #string(): void {
    for (this.#at += 1; ; this.#at += 1) {
      const next = this.#text[this.#at]
      if (next === undefined || next < ' ') throw new Mistake('Unterminated string')
      if (next === '"') return void (this.#at += 1)
      if (next !== '\\') continue
      this.#at += 1
      const letter = this.#text[this.#at]
      if (letter === undefined) throw new Mistake('Unterminated string')
      if (letter === 'u') {
        const digits = this.#text.slice(this.#at + 1, this.#at + 5)
        if (!/^[\da-f]{4}$/iu.test(digits))
          throw new Mistake(`"\\u${digits}" is not a valid unicode escape`)
      } else if (!'"\\/bfnrt'.includes(letter))
        throw new Mistake(`Invalid escape character ${letter}`)
    }
  }
}
