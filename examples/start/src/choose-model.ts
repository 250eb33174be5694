import { type PromptInfo, type Reply, startScriptedModel } from '@turnstead/testkit'
import { detectProvider } from '@turnstead/wire/providers'
import { StartError } from './start-error.js'

/** The model that answers, and OpenCode's configuration for it. */
export interface ChosenModel {
  /** Its name; null for the scripted one. */
  readonly name: string | null
  readonly config: Record<string, unknown>
  readonly env: Record<string, string>
  close(): Promise<void>
}

export interface ModelOptions {
  readonly env: NodeJS.ProcessEnv
  /** What a real model may run on this machine. */
  readonly bash: 'ask' | 'deny'
  /** The answers of the scripted model. */
  readonly demo: (prompt: PromptInfo) => Reply
  /** How it names a conversation, by a text that ends with the prompt. Default: all of them alike. */
  readonly demoTitle?: (text: string) => string
}

/** Where nothing else is said, `wire` configures a server without a person in front of it. */
const canAsk = { question: 'allow' }

/** A real model where the environment has a key for one, else a scripted one on this machine. */
export async function chooseModel({
  env,
  bash,
  demo,
  demoTitle,
}: ModelOptions): Promise<ChosenModel> {
  const config = { permission: { ...canAsk, bash } }
  const found = detect(() => detectProvider(env, { config }))
  if (found === null) return await startDemoModel({ demo, ...(demoTitle && { demoTitle }) })
  return { ...found, name: found.model, close: async () => undefined }
}

async function startDemoModel({
  demo,
  demoTitle,
}: Pick<ModelOptions, 'demo' | 'demoTitle'>): Promise<ChosenModel> {
  const model = await startScriptedModel(demo, demoTitle && { title: demoTitle })
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
    name: null,
    config: found?.config ?? {},
    env: found?.env ?? {},
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
