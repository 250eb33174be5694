/** One change of a conversation's page. */
export interface FeedChange {
  /** Up to where a page is that has it. */
  readonly at: string
  /** Turbo Stream elements. */
  readonly html: string
  /** All that may have changed, for a page of which is not known where it is. */
  readonly isWhole?: boolean
}

/** The last changes, for a page that comes back a moment later. */
export interface RecentChanges {
  /** Up to where they are. */
  readonly at: string
  add(html: string): FeedChange
  /** What came after this place; null when that is not known any more, or never was here. */
  since(at: string): readonly FeedChange[] | null
}

/** With more a page is brought to now as a whole. */
const mostChanges = 100
const mostCharacters = 500_000

/** @param name - Tells the places of this process, and of this time, from others. */
export function createRecentChanges(name: string): RecentChanges {
  const changes: FeedChange[] = []
  let number = 0
  let characters = 0
  const placeOf = (count: number): string => `${name}-${count}`

  return {
    get at() {
      return placeOf(number)
    },
    add(html) {
      number += 1
      const change = { at: placeOf(number), html }
      changes.push(change)
      characters += html.length
      while (changes.length > mostChanges || characters > mostCharacters) {
        characters -= changes.shift()?.html.length ?? 0
      }
      return change
    },
    since(at) {
      if (at === placeOf(number)) return []
      const index = changes.findIndex((change) => change.at === at)
      if (index !== -1) return changes.slice(index + 1)
      return at === placeOf(number - changes.length) ? [...changes] : null
    },
  }
}
