import { type ScriptedModel, startScriptedModel } from '@turnstead/testkit'
import {
  findOpencodeBinary,
  type RunningOpencode,
  startOpencode,
} from '@turnstead/testkit/opencode'
import { type Client, createClient } from '@turnstead/wire'

/** `opencode serve` with a scripted model, and a client in its directory. */
export interface RealServer extends AsyncDisposable {
  readonly model: ScriptedModel
  readonly server: RunningOpencode
  readonly client: Client
}

/** Skips what it is called for where no server is at hand, and says so. */
export async function openRealServer(
  context: Mocha.Context,
  options: { readonly config?: Readonly<Record<string, unknown>> } = {},
): Promise<RealServer> {
  if (findOpencodeBinary() === null) {
    console.warn('SKIPPED, the real server is not tested: no opencode binary for this platform.')
    context.skip()
  }
  const model = await startScriptedModel([])
  const server = await startOpencode({ model, snapshot: false, ...options })
  const { url: baseUrl, username, password, directory } = server
  const client = createClient({ baseUrl, username, password, directory })
  return {
    model,
    server,
    client,
    async [Symbol.asyncDispose]() {
      await client.close()
      await server.close()
      await model.close()
    },
  }
}
