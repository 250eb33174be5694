/** Text that is HTML already. Made by {@link html} or, with care, by {@link trustedHtml}. */
export interface Html {
  readonly html: string
}

/** What may stand in a template: text is escaped, HTML is not, `null` and `false` show nothing. */
export type HtmlValue = string | number | Html | readonly HtmlValue[] | null | undefined | false

/** A template whose values are escaped: `html\`<p>${text}</p>\``. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let result = strings[0] ?? ''
  for (const [index, value] of values.entries()) {
    result += render(value) + (strings[index + 1] ?? '')
  }
  return { html: result }
}

/** Takes a text for HTML as it is. Never for anything that the agent wrote. */
export function trustedHtml(text: string): Html {
  return { html: text }
}

/** Text with everything escaped that means something in HTML, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function render(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if ('html' in value) return value.html
  return value.map(render).join('')
}
