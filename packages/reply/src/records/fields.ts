/** An object of unknown origin whose fields are read one by one. */
export type Fields = Readonly<Record<string, unknown>>

const none: Fields = Object.freeze({})

/** The value as an object to read from, or `null` when it is none. */
export function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null
}

/** The value as an object to read from; empty when it is none. */
export function objectOf(value: unknown): Fields {
  return fieldsOf(value) ?? none
}

/** A nested object to read from; empty when it is missing. */
export function nested(fields: Fields, name: string): Fields {
  return objectOf(fields[name])
}

/** A string field, or `null`. */
export function string(fields: Fields, name: string): string | null {
  const value = fields[name]
  return typeof value === 'string' ? value : null
}

/** What is seen: no white space, no control character, nothing that is drawn as nothing. */
const visible = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u

/** A string field with at least one visible character, or `null`. */
export function nonBlank(fields: Fields, name: string): string | null {
  const value = string(fields, name)
  return value !== null && visible.test(value) ? value : null
}

/** A number field, or `null`. One beyond exact integers is no time and no cost, and sums of it would overflow. */
export function number(fields: Fields, name: string): number | null {
  const value = fields[name]
  return typeof value === 'number' && Math.abs(value) <= 2 ** 53 ? value + 0 : null
}

/** True only when the field is `true`. */
export function flag(fields: Fields, name: string): boolean {
  return fields[name] === true
}

/** The strings in an array field; anything else in it is dropped. */
export function strings(fields: Fields, name: string): readonly string[] {
  return Object.freeze(list(fields, name).filter((item) => typeof item === 'string'))
}

/** An array field; empty when it is none. */
export function list(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  return Array.isArray(value) ? value : []
}
