/** An object that came as JSON. */
export type JsonRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list; empty when it is none. */
export function listOf(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

export function nameOf(tool: unknown): string {
  return isRecord(tool) ? String(tool['name'] ?? '') : ''
}

/** The text of a content: a string, or the texts of its parts joined by line feeds. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return listOf(content)
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
    .filter((part) => part !== '')
    .join('\n')
}

/** How many parts of a content are images. */
export function imagesIn(content: unknown): number {
  return listOf(content).filter((part) => imageTypes.has(String(part['type']))).length
}

const imageTypes: ReadonlySet<string> = new Set(['image_url', 'input_image', 'image'])
