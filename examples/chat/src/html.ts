/**
 * A template tag whose values are escaped unless they are {@link Html} themselves.
 * Lists are joined; `null`, `undefined` and `false` render nothing, so `${isOpen && html`…`}` reads well.
 */
export type Renderable = Html | string | number | null | undefined | false | readonly Renderable[]

/** Markup that is safe to send as it stands. Only {@link html} and {@link trusted} make it. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

export function html(strings: TemplateStringsArray, ...values: readonly Renderable[]): Html {
  let markup = strings[0] ?? ''
  values.forEach((value, index) => {
    markup += render(value) + (strings[index + 1] ?? '')
  })
  return new Html(markup)
}

/** Marks markup as safe. Every call is a place to review: nothing that a person or an agent wrote may come here unescaped. */
export function trusted(markup: string): Html {
  return new Html(markup)
}

/** Text for an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function render(value: Renderable): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  return value.map(render).join('')
}
