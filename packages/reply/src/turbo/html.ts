/** Known in every copy of this package and in every realm, and nothing that JSON can hold. */
const brand = Symbol.for('@turnstead/reply.Html')

/**
 * Text that is HTML already. Made by {@link html} or, with care, by {@link trustedHtml}, and by nothing else: JSON of
 * the agent that looks like it is none.
 */
export class Html {
  readonly #html: string

  constructor(text: string) {
    this.#html = text
    Object.defineProperty(this, brand, { value: true })
  }

  toString(): string {
    return this.#html
  }
}

/** What may be in a template: text is escaped, HTML is not, `null` and `false` show nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined | false

/** A template whose values are escaped: `html\`<p>${text}</p>\``. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let result = strings[0] ?? ''
  for (const [index, value] of values.entries()) {
    result += toText(value) + (strings[index + 1] ?? '')
  }
  return new Html(result)
}

/** Takes a text for HTML as it is. Never for anything that the agent wrote. */
export function trustedHtml(text: string): Html {
  return new Html(text)
}

/** Text with everything escaped that means something in HTML, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What a value is in HTML. */
export function toText(value: HtmlValue): string {
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.map(toText).join('')
  return isHtml(value) ? value.toString() : ''
}

function isHtml(value: unknown): value is Html {
  return typeof value === 'object' && value !== null && brand in value
}
