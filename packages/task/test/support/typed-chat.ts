/** How a host's chat is typed; compiled with each version of the AI SDK. */
import { type LanguageModel, streamText, type ToolSet } from 'ai'
import { z } from 'zod'
import {
  hostTool,
  isRunOutput,
  opencodeTask,
  type OpenCodeTaskOptions,
  pruneSubMessages,
} from '../../src/index.js'

/** How this file is named where it is compiled. */
export interface Chat {
  readonly file: '../support/typed-chat.ts'
  readonly tools: ReturnType<typeof chat>
}

function chat(model: LanguageModel, options: OpenCodeTaskOptions): ToolSet {
  const order = hostTool({
    inputSchema: z.object({ id: z.string() }),
    execute: ({ id }) => ({ length: id.length }),
  })
  const tools = { code: opencodeTask({ ...options, scope: 'chat', hostTools: { order } }) }
  const result = streamText({
    model,
    prompt: 'Please',
    tools,
    prepareStep: ({ messages }) => ({ messages: pruneSubMessages(messages) }),
    onStepFinish: ({ toolResults }) => {
      for (const { output } of toolResults) if (isRunOutput(output)) console.log(output.summary)
    },
  })
  void result.toUIMessageStream()
  return tools
}
