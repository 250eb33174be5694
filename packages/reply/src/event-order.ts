const clockDigits = 12
const clockStart = 'evt_'.length
const clockRange = 2 ** 48

/**
 * Whether an event happened after the last one that was applied to the same part, message or ask.
 *
 * The server's event ids do not rise across one stream, but they do for one part, one message and one ask. So an
 * event that is not newer is a repetition or comes too late. An id holds 48 bits of clock that wrap every 795 days,
 * hence the serial-number comparison. Ids of another shape are only compared for equality, and an event without an
 * id is always taken as new.
 */
export function isNewer(id: string | null, last: string | null): boolean {
  if (id === null || last === null) return true
  // Same leading digit: no wrap lies between, and text order is clock order.
  if (id.charCodeAt(clockStart) === last.charCodeAt(clockStart) && id.length === last.length) {
    return isServerId(id) ? id > last : id !== last
  }
  const ahead = clockOf(id) - clockOf(last)
  if (Number.isNaN(ahead)) return id !== last
  const distance = (ahead + clockRange) % clockRange
  return distance > 0 && distance < clockRange / 2
}

function isServerId(id: string): boolean {
  return id.length === 30 && id.startsWith('evt_')
}

function clockOf(id: string): number {
  if (!id.startsWith('evt_')) return Number.NaN
  const digits = id.slice(clockStart, clockStart + clockDigits)
  return /^[0-9a-f]{12}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN
}
