/**
 * JSON that every database takes in a column of a JSON type: NUL and halves of characters, which they refuse, become U+FFFD as
 * in plain text.
 */
export function plainJson(json: string): string {
  // Whole escapes, so that a backslash that is itself escaped begins none.
  return json.replaceAll(/\\(?:u[0-9a-fA-F]{4}|[^u])/g, (escape) =>
    isRefused.test(escape) ? '\\ufffd' : escape,
  )
}

// `JSON.stringify` escapes a half of a character only where the other half is missing.
const isRefused = /^\\u(?:0000|d[89a-f]..)$/i
