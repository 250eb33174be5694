import type { Comparable } from './normalise.js'

/** Something that Impostor does differently. */
export interface Difference {
  readonly scenario: string
  /** Where, as a path into the transcript, with list positions replaced by what stands there. */
  readonly at: string
  readonly opencode: unknown
  readonly impostor: unknown
}

/** Every difference between two transcripts of a scenario. */
export function compare(
  scenario: string,
  opencode: Comparable,
  impostor: Comparable,
): readonly Difference[] {
  const found: Difference[] = []
  const report = (at: string, one: unknown, other: unknown): void => {
    found.push({ scenario, at, opencode: one, impostor: other })
  }
  for (const key of union(opencode.sessions, impostor.sessions)) {
    compareLists(
      `events ${key}`,
      opencode.sessions[key] ?? [],
      impostor.sessions[key] ?? [],
      report,
    )
  }
  compareValues('background', opencode.background, impostor.background, report)
  compareLists('http', opencode.exchanges, impostor.exchanges, report)
  return found
}

type Report = (at: string, one: unknown, other: unknown) => void

function union(one: object, other: object): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
}

/** Aligns two lists by what their entries are, so that one missing entry is one difference. */
function compareLists(
  at: string,
  one: readonly unknown[],
  other: readonly unknown[],
  report: Report,
): void {
  const left = one.map(labelOf)
  const right = other.map(labelOf)
  let row = 0
  let column = 0
  for (const [i, j] of commonPairs(left, right)) {
    for (; row < i; row += 1) report(`${at} / ${left[row]}`, one[row], undefined)
    for (; column < j; column += 1) report(`${at} / ${right[column]}`, undefined, other[column])
    compareValues(`${at} / ${left[i]}`, one[i], other[j], report)
    row = i + 1
    column = j + 1
  }
  for (; row < one.length; row += 1) report(`${at} / ${left[row]}`, one[row], undefined)
  for (; column < other.length; column += 1)
    report(`${at} / ${right[column]}`, undefined, other[column])
}

function labelOf(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return JSON.stringify(entry)
  const record: Record<string, unknown> = { ...entry }
  if (typeof record['request'] === 'string') return record['request']
  const part = { ...(typeof record['part'] === 'object' ? record['part'] : {}) }
  const state: Record<string, unknown> =
    'state' in part && typeof part.state === 'object' ? { ...part.state } : {}
  const status: Record<string, unknown> =
    typeof record['status'] === 'object' ? { ...record['status'] } : {}
  const info: Record<string, unknown> =
    typeof record['info'] === 'object' ? { ...record['info'] } : {}
  const words = [
    record['type'],
    'type' in part ? part.type : undefined,
    state['status'],
    status['type'],
    info['role'],
    info['id'],
  ]
  return words.filter((word) => typeof word === 'string').join(' ')
}

function compareValues(at: string, one: unknown, other: unknown, report: Report): void {
  if (JSON.stringify(one) === JSON.stringify(other)) return
  if (Array.isArray(one) && Array.isArray(other) && one.length === other.length) {
    for (const [index, each] of one.entries())
      compareValues(`${at}[${index}]`, each, other[index], report)
    return
  }
  if (isRecord(one) && isRecord(other)) {
    for (const key of union(one, other)) compareValues(`${at}.${key}`, one[key], other[key], report)
    return
  }
  report(at, one, other)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Positions of a longest common subsequence. */
function commonPairs(
  one: readonly string[],
  other: readonly string[],
): readonly (readonly [number, number])[] {
  const width = other.length + 1
  const lengths = new Uint32Array((one.length + 1) * width)
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0
  for (let row = one.length - 1; row >= 0; row -= 1) {
    for (let column = other.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        one[row] === other[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const pairs: (readonly [number, number])[] = []
  let row = 0
  let column = 0
  while (row < one.length && column < other.length) {
    if (one[row] === other[column]) {
      pairs.push([row, column])
      row += 1
      column += 1
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1
    else column += 1
  }
  return pairs
}
