import type { Usage } from '../script/steps.js'

/** What a scripted model has counted. Input includes what was read from a cache, output includes thoughts. */
export interface ModelSpent {
  /** Answers that said what they used. */
  readonly answers: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
}

/** Adds up what answers say they used. */
export function createSpentCounter(): {
  readonly add: (usage: Usage) => void
  readonly spent: () => ModelSpent
} {
  let spent: ModelSpent = { answers: 0, inputTokens: 0, outputTokens: 0, cachedTokens: 0 }
  return {
    add({ input, output, cached }) {
      spent = {
        answers: spent.answers + 1,
        inputTokens: spent.inputTokens + input,
        outputTokens: spent.outputTokens + output,
        cachedTokens: spent.cachedTokens + cached,
      }
    },
    spent: () => spent,
  }
}
