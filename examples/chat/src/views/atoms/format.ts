const grouped = new Intl.NumberFormat('en')

export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1000) return `${sizeBytes} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let size = sizeBytes
  let unit = 'B'
  for (const next of units) {
    if (size < 1000) break
    size /= 1000
    unit = next
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`
}

export function formatCost(cost: number): string {
  if (cost === 0) return '$0'
  if (cost < 0.0001) return 'under $0.0001'
  return `$${cost.toFixed(cost < 0.1 ? 4 : 2)}`
}

export function formatCount(count: number): string {
  return grouped.format(count)
}

export function formatDuration(durationMs: number): string {
  if (durationMs < 9_950) return `${(durationMs / 1000).toFixed(1)} s`
  const seconds = Math.round(durationMs / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** How long ago, short enough for a list. */
export function formatAge(then: number, now: number): string {
  const minutes = Math.floor((now - then) / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`
  return `${Math.floor(minutes / (24 * 60))} d`
}

/** Cuts what only has to be glanced at. */
export function clip(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const hidden = text.length - maxLength
  return `${text.slice(0, maxLength)}\n… ${formatCount(hidden)} more characters`
}

/** Names the characters that one does not see, or that turn the order of others round. */
export function showInvisible(text: string): string {
  return text.replaceAll(
    /[\p{Cf}\p{Zl}\p{Zp}]|[^\P{Cc}\n\t]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}
