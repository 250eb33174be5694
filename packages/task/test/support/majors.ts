import * as ai6 from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import * as ai5 from 'ai-v5'
import { MockLanguageModelV2 } from 'ai-v5/test'
import * as ai7 from 'ai-v7'
import { MockLanguageModelV4 } from 'ai-v7/test'
import { type OuterModel, type OuterStep, scripted } from './outer-model.js'

/** One major of the AI SDK. Their functions differ in nothing that the tests use. */
export interface Major {
  readonly name: string
  readonly ai: typeof ai6
  createModel(steps: readonly OuterStep[]): OuterModel
}

export const majors: readonly Major[] = [
  {
    name: '5',
    ai: ai5 as unknown as typeof ai6,
    createModel: (steps) =>
      scripted('v2', steps, (options) => new MockLanguageModelV2(options as never)),
  },
  {
    name: '6',
    ai: ai6,
    createModel: (steps) =>
      scripted('v3', steps, (options) => new MockLanguageModelV3(options as never)),
  },
  {
    name: '7',
    ai: ai7 as unknown as typeof ai6,
    createModel: (steps) =>
      scripted('v4', steps, (options) => new MockLanguageModelV4(options as never)),
  },
]
