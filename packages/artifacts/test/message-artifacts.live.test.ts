import {
  on,
  reply,
  startScriptedModel,
  text,
  tool,
  type Reply,
  type ScriptedModel,
} from '@turnstead/testkit'
import {
  findOpencodeBinary,
  scriptedProvider,
  startOpencode,
  type RunningOpencode,
} from '@turnstead/testkit/opencode'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'

import type { RemoteReader } from '../src/collect/agent-file.js'
import { createMemoryStore } from '../src/memory.js'
import { createMessageArtifacts } from '../src/collect/message-artifacts.js'
import type { ArtifactStore } from '../src/store/store.js'
import type { ToolRecord } from '../src/collect/tool-record.js'
import { readText } from './support/read-text.js'

interface ToolPart {
  readonly type: string
  readonly tool: string
  readonly callID: string
  readonly sessionID: string
  readonly state: { status: string; input: unknown; metadata?: unknown }
}

const binary = findOpencodeBinary()
const title = 'createMessageArtifacts on the real server'

if (binary === null) {
  console.warn(`Skipped: ${title}: there is no opencode executable on this machine.`)
  it(`${title} (skipped: there is no opencode executable)`)
} else {
  describe(title, function () {
    this.timeout(60_000)
    let model: ScriptedModel
    let server: RunningOpencode
    let remote: RemoteReader
    let prompts = 0

    before(async () => {
      model = await startScriptedModel([])
      server = await startOpencode({ model, binary })
      remote = {
        read: async (path, options) => {
          const location = new URLSearchParams({ 'location[directory]': server.directory })
          const file = path.split('/').map(encodeURIComponent).join('/')
          const response = await call(`/api/fs/read/${file}?${location.toString()}`, options)
          if (!response.ok) throw new Error(`The server answered ${response.status}.`)
          return response
        },
      }
    })

    after(async () => {
      await server?.close()
      await model?.close()
    })

    async function call(path: string, init: RequestInit = {}): Promise<Response> {
      const headers = { ...server.headers, 'content-type': 'application/json' }
      return fetch(server.url + path, { ...init, headers })
    }

    /** Runs one turn to its end; returns its tool calls as the server stores them. */
    async function run(answer: Reply, modelID = 'standard'): Promise<ToolRecord[]> {
      const prompt = `Prompt ${(prompts += 1)}`
      model.answer(on(prompt, answer))
      const post = async (path: string, body: unknown): Promise<unknown> =>
        (await call(path, { method: 'POST', body: JSON.stringify(body) })).json()
      const session = (await post('/session', {})) as { id: string }
      await post(`/session/${session.id}/message`, {
        model: { providerID: scriptedProvider, modelID },
        parts: [{ type: 'text', text: prompt }],
      })
      const response = await call(`/session/${session.id}/message`)
      const messages = (await response.json()) as { parts: ToolPart[] }[]
      return messages
        .flatMap(({ parts }) => parts)
        .filter((part) => part.type === 'tool')
        .map(({ tool: name, callID, sessionID, state }) => ({
          tool: name,
          status: state.status,
          input: state.input,
          metadata: state.metadata,
          callId: callID,
          sessionId: sessionID,
        }))
    }

    async function collectBothWays(
      tools: readonly ToolRecord[],
    ): Promise<{ source: string; texts: Record<string, string>; drops: unknown[] }[]> {
      const { directory } = server
      const disk: ArtifactStore = createMemoryStore()
      const far: ArtifactStore = createMemoryStore()
      const ways = [
        { store: disk, artifacts: createMessageArtifacts({ store: disk, directory }) },
        {
          store: far,
          artifacts: createMessageArtifacts({
            store: far,
            agentDirectory: directory,
            reader: remote,
          }),
        },
      ]
      return Promise.all(
        ways.map(async ({ store, artifacts }) => {
          const { kept, dropped } = await artifacts.collect({ turnId: 1, tools })
          const texts: Record<string, string> = {}
          for (const each of kept) texts[each.path] = await readText(store, each)
          const sources = new Set(kept.map(({ provenance }) => provenance.source))
          const drops = dropped.map(({ path, reason }) => [path, reason])
          return { source: [...sources].join(), texts, drops }
        }),
      )
    }

    it('keeps the final bytes of write and edit, from the disk and over HTTP alike', async () => {
      const filePath = join(server.directory, 'notes/über 漢字.md')
      const tools = await run(
        reply(
          tool.write({ filePath, content: '# Draft\n  \n' }),
          tool.write({ filePath: 'plain.txt', content: 'plain' }),
          text('Now I check it.'),
          tool.read({ filePath }),
          text('Now I finish it.'),
          tool.edit({ filePath, oldString: 'Draft', newString: 'Final' }),
          text('Done.'),
        ),
      )
      expect(tools.map((each) => each.status)).to.deep.equal(Array(4).fill('completed'))
      const texts = { 'notes/über 漢字.md': '# Final\n  \n', 'plain.txt': 'plain' }
      expect(await collectBothWays(tools)).to.deep.equal([
        { source: 'disk', texts, drops: [] },
        { source: 'server', texts, drops: [] },
      ])
    })

    it('follows apply_patch', async () => {
      const patchText = [
        '*** Begin Patch',
        '*** Add File: patched/new.txt',
        '+one',
        '*** Update File: plain.txt',
        '*** Move to: moved/plain.txt',
        '@@',
        '-plain',
        '+moved',
        '*** End Patch',
      ].join('\n')
      const tools = await run(
        reply(tool.applyPatch({ patchText }), text('Done.')),
        'gpt-5-scripted',
      )
      expect(tools.map((each) => [each.tool, each.status])).to.deep.equal([
        ['apply_patch', 'completed'],
      ])
      const texts = { 'patched/new.txt': 'one\n', 'moved/plain.txt': 'moved\n' }
      expect(await collectBothWays(tools)).to.deep.equal([
        { source: 'disk', texts, drops: [] },
        { source: 'server', texts, drops: [] },
      ])
    })

    it('keeps nothing that a link leads to', async () => {
      const outside = join(server.dataDir, 'outside')
      await mkdir(outside, { recursive: true })
      await symlink(outside, join(server.directory, 'out'))
      const tools = await run(
        reply(tool.write({ filePath: 'out/a.txt', content: 'x' }), text('Done.')),
      )
      const [disk] = await collectBothWays(tools)
      expect(disk?.texts).to.deep.equal({})
      if (tools[0]?.status === 'completed') {
        expect(disk?.drops).to.deep.equal([['out/a.txt', 'symlink']])
      }
    })
  })
}
