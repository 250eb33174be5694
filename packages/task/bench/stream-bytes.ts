import { jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import type { OpenCodeRunOutput } from '../src/index.js'
import { toModelOutput } from '../src/model-output.js'
import { type SimulatedRun, simulateRun } from './simulated-run.js'

/** What a browser is sent of one call, and how. */
export interface Streamed {
  /** Bytes of the response's body for each byte of the last output as JSON. */
  readonly bytesOverFinal: number
  /** The longest time without an output, in seconds of the run. */
  readonly longestGapSeconds: number
  readonly outputs: number
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
}

/** Streams a simulated run through the AI SDK's own response, and counts its bytes. */
export async function streamRun(run: SimulatedRun): Promise<Streamed> {
  const seconds: number[] = []
  let last: OpenCodeRunOutput | null = null
  const simulated = tool({
    inputSchema: jsonSchema<object>({ type: 'object' }),
    async *execute() {
      for (const { output, second } of simulateRun(run)) {
        seconds.push(second)
        last = output
        yield output
      }
    },
    toModelOutput,
  })
  let step = 0
  const model = new MockLanguageModelV3({
    doStream: async () => {
      step += 1
      const finish = (reason: 'stop' | 'tool-calls') =>
        ({ type: 'finish', finishReason: { unified: reason, raw: reason }, usage }) as const
      const call = {
        type: 'tool-call',
        toolCallId: 'call-1',
        toolName: 'code',
        input: '{}',
      } as const
      const parts = step === 1 ? [call, finish('tool-calls')] : [finish('stop')]
      return {
        stream: ReadableStream.from([{ type: 'stream-start', warnings: [] } as const, ...parts]),
      }
    },
  })
  const result = streamText({
    model,
    prompt: 'Please',
    tools: { code: simulated },
    stopWhen: stepCountIs(2),
  })
  const body = await result.toUIMessageStreamResponse().arrayBuffer()
  const gaps = seconds.map((second, index) => second - (seconds[index - 1] ?? 0))
  return {
    bytesOverFinal: body.byteLength / Buffer.byteLength(JSON.stringify(last)),
    longestGapSeconds: Math.max(...gaps),
    outputs: seconds.length,
  }
}
