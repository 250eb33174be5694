import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HarnessAgent } from '@ai-sdk/harness/agent'
import { createACP } from '@ai-sdk/harness-acp'
import type { Contender, Setting } from './contender.js'
import { createLocalSandbox } from './local-sandbox.js'

type Options = ConstructorParameters<typeof HarnessAgent>[0]
type Session = Awaited<ReturnType<HarnessAgent['createSession']>>

/** `HarnessAgent` with `@ai-sdk/harness-acp` on `opencode acp`. */
export function createHarnessContender({ modelUrl, binary, folder }: Setting): Contender {
  const model = { name: 'demo', limit: { context: 200_000, output: 8_192 } }
  const options = { baseURL: modelUrl, apiKey: 'none' }
  const npm = '@ai-sdk/openai-compatible'
  const config = {
    model: 'scripted/demo',
    small_model: 'scripted/demo',
    autoupdate: false,
    share: 'disabled',
    provider: { scripted: { npm, name: 'scripted', options, models: { demo: model } } },
  }
  const harness = createACP({
    harnessId: 'opencode',
    source: { type: 'install-command', command: `ln -sf ${binary} home/.local/bin/opencode` },
    executable: 'opencode',
    args: ['acp'],
    env: { OPENCODE_CONFIG_CONTENT: JSON.stringify(config) },
    modelMapping: { type: 'session-config-option', path: 'model' },
  })
  const tools = join(folder, 'bin')
  const sandbox = createLocalSandbox(join(folder, 'sandbox'), {
    PATH: `${tools}:${process.env['PATH']}`,
    npm_config_cache: join(homedir(), '.npm'),
  })
  let session: Session | null = null
  const agent = new HarnessAgent({ harness, sandbox } as unknown as Options)
  return {
    name: '@ai-sdk/harness',
    async start() {
      await mkdir(tools, { recursive: true })
      const pnpm = join(tools, 'pnpm')
      await writeFile(pnpm, '#!/bin/sh\nexec npx -y --prefer-offline pnpm@10.34.9 "$@"\n')
      await chmod(pnpm, 0o755)
      session = await agent.createSession()
    },
    async ask(prompt, onDelta) {
      if (session === null) throw new Error('not started')
      const { fullStream } = await agent.stream({ session, prompt } as unknown as Parameters<
        typeof agent.stream
      >[0])
      const seen: string[] = []
      let kept = 0
      for await (const part of fullStream) {
        if (part.type === 'text-delta') {
          kept += part.text.length
          onDelta(part.text)
        }
        if (part.type === 'error') seen.push(`error: ${messageOf(part.error)}`)
        if (part.type === 'finish') seen.push(`finish: ${part.finishReason}`)
      }
      return `${seen.join(', ')}, text seen: ${kept} characters`
    },
    async close() {
      await session?.destroy()
    },
  }
}

function messageOf(error: unknown): string {
  const isTelling = typeof error === 'object' && error !== null && 'message' in error
  return String(isTelling ? error.message : error).slice(0, 200)
}
