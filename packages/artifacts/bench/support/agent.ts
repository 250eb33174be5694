import { on, startScriptedModel, type Reply } from '@turnstead/testkit'
import { scriptedProvider, startOpencode } from '@turnstead/testkit/opencode'

import type { RemoteReader } from '../../src/collect/agent-file.js'
import type { ToolRecord } from '../../src/collect/tool-record.js'

/** What a turn left on the server. */
export interface FinishedTurn {
  readonly startedAt: number
  /** Sub-agents' in the place of the call that started them. */
  readonly tools: readonly ToolRecord[]
  readonly changes: readonly string[]
}

/** A real server with a scripted model, in a git repository. */
export interface Agent {
  readonly directory: string
  readonly reader: RemoteReader
  run(answer: Reply, modelID: string): Promise<FinishedTurn>
  close(): Promise<void>
}

interface Part {
  readonly type: string
  readonly tool: string
  readonly callID: string
  readonly sessionID: string
  readonly files: readonly string[]
  readonly state: {
    readonly status: string
    readonly input: unknown
    readonly metadata?: { readonly sessionId?: string }
  }
}

export async function openAgent(): Promise<Agent> {
  const model = await startScriptedModel([])
  const server = await startOpencode({ model, git: true, snapshot: true })
  let prompts = 0

  async function call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      ...server.headers,
      'content-type': 'application/json',
      'x-opencode-directory': encodeURIComponent(server.directory),
    }
    const response = await fetch(server.url + path, { ...init, headers })
    if (!response.ok) throw new Error(`The server answered ${response.status} to ${path}.`)
    return response
  }

  async function post(path: string, body: unknown): Promise<unknown> {
    return (await call(path, { method: 'POST', body: JSON.stringify(body) })).json()
  }

  async function read(sessionId: string): Promise<Pick<FinishedTurn, 'tools' | 'changes'>> {
    const messages = (await (await call(`/session/${sessionId}/message`)).json()) as {
      readonly parts: readonly Part[]
    }[]
    const tools: ToolRecord[] = []
    const changes: string[] = []
    for (const part of messages.flatMap(({ parts }) => parts)) {
      if (part.type === 'patch') changes.push(...part.files)
      if (part.type !== 'tool') continue
      const { status, input, metadata } = part.state
      const child = part.tool === 'task' ? metadata?.sessionId : undefined
      if (child !== undefined) {
        const made = await read(child)
        tools.push(...made.tools)
        changes.push(...made.changes)
      }
      const { callID: callId, sessionID } = part
      tools.push({ tool: part.tool, status, input, metadata, callId, sessionId: sessionID })
    }
    return { tools, changes }
  }

  return {
    directory: server.directory,
    reader: {
      read: async (path, options) =>
        call(`/api/fs/read/${path.split('/').map(encodeURIComponent).join('/')}`, options),
      list: async (folder, options) => {
        const answer = await call(`/api/fs/list?path=${encodeURIComponent(folder)}`, options)
        const { data } = (await answer.json()) as { data: { path: string }[] }
        return data
      },
    },
    run: async (answer, modelID) => {
      const prompt = `Prompt ${(prompts += 1)}`
      model.answer(on(prompt, answer))
      const session = (await post('/session', {})) as { id: string }
      const startedAt = Date.now()
      await post(`/session/${session.id}/message`, {
        model: { providerID: scriptedProvider, modelID },
        parts: [{ type: 'text', text: prompt }],
      })
      return { startedAt, ...(await read(session.id)) }
    },
    close: async () => {
      await server.close()
      await model.close()
    },
  }
}
