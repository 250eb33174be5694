/** A pattern of `ripgrep` and of `.gitignore`: without a slash it is for the name, whatever the folder. */
export function matchesPath(path: string, pattern: string): boolean {
  const bare = pattern.replace(/^\//u, '')
  const isAnywhere = !bare.includes('/') && !pattern.startsWith('/')
  return toRegExp(isAnywhere ? `**/${bare}` : bare).test(path)
}

function toRegExp(pattern: string): RegExp {
  let source = ''
  let isChoice = false
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] ?? ''
    if (pattern.startsWith('**/', at)) {
      source += '(?:.*/)?'
      at += 2
    } else if (pattern.startsWith('**', at)) {
      source += '.*'
      at += 1
    } else if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (char === '{') {
      source += '(?:'
      isChoice = true
    } else if (char === '}' && isChoice) {
      source += ')'
      isChoice = false
    } else if (char === ',' && isChoice) source += '|'
    else source += char.replace(/[\\^$.|+()[\]{}]/u, '\\$&')
  }
  return new RegExp(`^${source}$`, 'u')
}

/** The lines of a `.gitignore`, as a question about paths below it. No negation. */
export function createIgnore(text: string): (path: string) => boolean {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'))
  return (path) =>
    patterns.some((pattern) => {
      const folder = pattern.replace(/\/$/u, '')
      if (matchesPath(path, folder) && folder === pattern) return true
      const parts = path.split('/')
      return parts.some(
        (_, count) => count > 0 && matchesPath(parts.slice(0, count).join('/'), folder),
      )
    })
}
