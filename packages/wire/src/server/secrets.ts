const secretName = /(keys?|tokens?)$|secret|passw(or)?d|credential|authorization|cookie/i
/** Shorter values occur in ordinary text, and hiding them there would make a log unreadable. */
const shortestSecret = 4

/** What is shown in place of a secret. */
export const redacted = '[redacted]'

/** True for names such as `apiKey`, `OPENAI_API_KEY` or `Authorization`, whose value must not be printed. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/** Every string stored under a secret name, at any depth. */
export function collectSecrets(value: unknown, isSecret = false): string[] {
  if (typeof value === 'string') return isSecret ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => collectSecrets(item, isSecret))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, item]) =>
    collectSecrets(item, isSecret || isSecretName(name)),
  )
}

/** A deep copy in which every string under a secret name is replaced. */
export function redactSecrets(value: unknown, isSecret = false): unknown {
  if (typeof value === 'string') return isSecret ? redacted : value
  if (Array.isArray(value)) return value.map((item) => redactSecrets(item, isSecret))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      redactSecrets(item, isSecret || isSecretName(name)),
    ]),
  )
}

/** Makes a function that hides the given secrets in a text, also where they are JSON, URL or Base64 encoded. */
export function createRedactor(secrets: Iterable<string>): (text: string) => string {
  const needles = new Set<string>()
  for (const secret of secrets) {
    needles.add(secret)
    needles.add(JSON.stringify(secret).slice(1, -1))
    needles.add(withoutEscapes(secret))
    needles.add(encodeURIComponent(secret))
    needles.add(Buffer.from(secret).toString('base64'))
  }
  const longestFirst = [...needles]
    .filter((needle) => needle.length >= shortestSecret)
    .toSorted((a, b) => b.length - a.length)
  return (text) => longestFirst.reduce((rest, needle) => rest.replaceAll(needle, redacted), text)
}

/** A secret that is JSON-escaped in an environment variable is printed without the escapes. */
function withoutEscapes(secret: string): string {
  try {
    return String(JSON.parse(`"${secret}"`))
  } catch {
    return secret
  }
}
