/** Tells a text from another one without keeping it: 64 bits, for no protection against anybody. */
export function fingerprint(text: string): string {
  let left = 0x9dc5811c
  let right = 0x41c6ce57
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    left = Math.imul(left ^ code, 0x01000193)
    right = Math.imul(right ^ code, 0x9e3779b1)
  }
  return `${(left >>> 0).toString(36)}-${(right >>> 0).toString(36)}`
}
