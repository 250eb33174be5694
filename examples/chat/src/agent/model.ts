import { startScriptedModel } from '@turnstead/testkit'
import { detectProvider } from '@turnstead/wire/providers'
import { demoAnswer, demoPrompts } from './demo-answers.js'
import { StartError } from '../start-error.js'
import type { ModelInfo } from './state.js'

/** The model that answers: OpenCode's configuration for it, and what the page says about it. */
export interface ChosenModel {
  readonly info: ModelInfo
  readonly suggestions: readonly string[]
  readonly config: Record<string, unknown>
  readonly env: Record<string, string>
  close(): Promise<void>
}

export interface ModelOptions {
  readonly env: NodeJS.ProcessEnv
  readonly allowsShell: boolean
}

/** Where nothing else is said, `wire` configures a server without a person in front of it. */
const canAsk = { question: 'allow' }

/** A real model where the environment has a key for one, else a scripted one on this machine. */
export async function chooseModel({ env, allowsShell }: ModelOptions): Promise<ChosenModel> {
  // A prompt from a web page reaches this machine's shell only if its owner said so, and then asks each time.
  const permission = { ...canAsk, bash: allowsShell ? 'ask' : 'deny' }
  const found = detect(() => detectProvider(env, { config: { permission } }))
  if (found === null) return startDemoModel()
  return {
    ...found,
    info: { label: found.model, hint: null },
    suggestions: [
      'Write a short poem into a file',
      'Explain what you can do here',
      'Make a page with a calm animation',
    ],
    close: async () => undefined,
  }
}

async function startDemoModel(): Promise<ChosenModel> {
  const model = await startScriptedModel(demoAnswer)
  const entry = { limit: { context: 200_000, output: 8_192 }, cost: { input: 3, output: 15 } }
  const found = detectProvider(
    {},
    {
      credentials: {
        provider: 'openai-compatible',
        id: 'scripted',
        baseUrl: model.url,
        model: 'demo',
      },
      config: {
        provider: { scripted: { models: { demo: entry } } },
        permission: { ...canAsk, bash: 'ask' },
      },
    },
  )
  return {
    config: found?.config ?? {},
    env: found?.env ?? {},
    info: {
      label: 'Scripted model',
      hint: 'No API key was found, so answers follow a script. Set ANTHROPIC_API_KEY or OPENAI_API_KEY and start again.',
    },
    suggestions: demoPrompts,
    close: () => model.close(),
  }
}

function detect<Found>(look: () => Found): Found {
  try {
    return look()
  } catch (error) {
    if (error instanceof TypeError) throw new StartError(`${error.message}.`, { cause: error })
    throw error
  }
}
