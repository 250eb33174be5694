import { chooseModel as choose, type ChosenModel as Chosen } from '@turnstead-examples/start'
import { demoAnswer, demoPrompts, demoTitle } from './demo-answers.js'
import type { ModelInfo } from './state.js'

/** The model that answers: OpenCode's configuration for it, and what the page says about it. */
export interface ChosenModel extends Chosen {
  readonly info: ModelInfo
  readonly suggestions: readonly string[]
}

export interface ModelOptions {
  readonly env: NodeJS.ProcessEnv
  readonly allowsShell: boolean
}

/** A real model where the environment has a key for one, else a scripted one on this machine. */
export async function chooseModel({ env, allowsShell }: ModelOptions): Promise<ChosenModel> {
  // A prompt from a web page reaches this machine's shell only if its owner said so, and then asks each time.
  const model = await choose({
    env,
    bash: allowsShell ? 'ask' : 'deny',
    demo: demoAnswer,
    demoTitle,
  })
  if (model.name === null) return { ...model, info: scripted, suggestions: demoPrompts }
  return { ...model, info: { label: model.name, hint: null }, suggestions }
}

const scripted: ModelInfo = {
  label: 'Scripted model',
  hint: 'No API key was found, so answers follow a script. Set ANTHROPIC_API_KEY or OPENAI_API_KEY and start again.',
}

const suggestions = [
  'Write a short poem into a file',
  'Explain what you can do here',
  'Make a page with a calm animation',
]

/** That of a server which runs already: what it is, only its operator knows. */
export const sharedModel: ChosenModel = {
  name: null,
  config: {},
  env: {},
  info: { label: 'OpenCode', hint: null },
  suggestions,
  close: async () => undefined,
}
