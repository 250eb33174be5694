import { homedir, tmpdir, userInfo } from 'node:os'

/** Takes secrets and machine paths out of what is recorded. */
export interface Redactor {
  /** Learns a project directory; the first becomes `/workspace`, the next `/workspace2`, and so on. */
  learnDirectory(path: string): void
  /** A text without what is secret. */
  text(value: string): string
  /** Headers without credentials. */
  headers(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string>
}

const credentials =
  /^(authorization|proxy-authorization|cookie|set-cookie|x-api-key|api-key|www-authenticate-token)$/u

const shortest = 4

/** A recorded line is JSON, a frame is JSON in it, and the arguments of a tool are JSON in that. */
function escapedForms(text: string): string[] {
  const forms: string[] = []
  for (let form = text; forms.length < 3;) {
    form = JSON.stringify(form).slice(1, -1)
    forms.push(form)
  }
  return forms.toReversed()
}

/** Makes a {@link Redactor}; every one of `secrets` becomes `[redacted]`. */
export function createRedactor(secrets: readonly string[]): Redactor {
  const directories = new Map<string, string>()
  const fixed = new Map<string, string>()
  for (const secret of secrets) {
    if (secret.length < shortest) {
      throw new TypeError(
        '`secrets` holds a text of less than 4 characters; hiding it would break the recording',
      )
    }
    fixed.set(secret, '[redacted]')
  }
  fixed.set(homedir(), '/opencode-home')
  fixed.set(tmpdir(), '/temporary')
  const user = userInfo().username

  const pairs = (): readonly (readonly [string, string])[] => {
    const all = [...directories, ...fixed].filter(([from]) => from.length >= shortest)
    const longestFirst = all.toSorted(([one], [other]) => other.length - one.length)
    return longestFirst.flatMap(([from, to]) => [
      [from, to],
      [encodeURIComponent(from), encodeURIComponent(to)],
      ...escapedForms(from).map((form) => [form, to] as const),
    ])
  }

  return {
    learnDirectory(path) {
      if (path === '' || path === '/' || directories.has(path)) return
      const number = directories.size + 1
      directories.set(path, number === 1 ? '/workspace' : `/workspace${number}`)
    },
    text(value) {
      let shown = value.replaceAll(/(auth_token=)[^&\s"]+/gu, '$1[redacted]')
      for (const [from, to] of pairs()) shown = shown.replaceAll(from, to)
      return user.length > 3 ? shown.replaceAll(`/home/${user}`, '/opencode-home') : shown
    },
    headers(headers) {
      const shown: Record<string, string> = {}
      for (const [name, value] of Object.entries(headers)) {
        if (value !== undefined && !credentials.test(name)) shown[name] = String(value)
      }
      return shown
    },
  }
}
