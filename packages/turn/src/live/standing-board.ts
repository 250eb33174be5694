import { isOver, type StandingFacts, standingOf, type TurnStanding } from './standing.js'

/** Where a turn stands, by what was learned of it last. */
export interface StandingBoard {
  readonly facts: StandingFacts
  readonly standing: TurnStanding
  readonly isOver: boolean
  learn(news: Partial<StandingFacts>): void
  onStanding(listener: (standing: TurnStanding) => void): () => void
}

export function createStandingBoard(
  first: StandingFacts,
  onError: (error: unknown) => void,
): StandingBoard {
  const listeners = new Set<(standing: TurnStanding) => void>()
  let facts = first
  let standing = standingOf(first)

  return {
    get facts() {
      return facts
    },
    get standing() {
      return standing
    },
    get isOver() {
      return isOver(standing)
    },
    learn(news) {
      facts = { ...facts, ...news }
      const next = standingOf(facts)
      if (next.state === standing.state && next.where === standing.where) return
      standing = next
      for (const listener of [...listeners]) {
        try {
          listener(next)
        } catch (error) {
          onError(error)
        }
      }
    },
    onStanding(listener) {
      // The same function may be registered twice.
      const entry: typeof listener = (next) => listener(next)
      listeners.add(entry)
      return () => void listeners.delete(entry)
    },
  }
}
