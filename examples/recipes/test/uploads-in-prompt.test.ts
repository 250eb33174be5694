import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { createMemoryStore } from '@turnstead/artifacts/memory'
import {
  placeUploads,
  promptWithUploads,
  receiveUpload,
  toFileParts,
  type PlacedUpload,
} from '@turnstead/artifacts/uploads'
import { on, reply, startImpostor, startScriptedModel, text } from '@turnstead/testkit'
import { findOpencodeBinary, startOpencode } from '@turnstead/testkit/opencode'
import { ask, type Prompt } from '@turnstead/turn'
import { createClient, type Client, type ClientOptions } from '@turnstead/wire'
import { expect } from 'chai'
import { describe, it } from 'mocha'

const binary = findOpencodeBinary()

/** Places two uploads of a user's and makes a prompt of them, as a host does before a turn. */
async function makePrompt(
  directory: string,
  words: string,
): Promise<{ readonly prompt: Prompt; readonly placed: readonly PlacedUpload[] }> {
  const store = createMemoryStore()
  const uploads = [
    await receiveUpload(
      { store },
      { source: Buffer.from('The secret word is aubergine.'), originalName: 'notes.txt' },
    ),
    await receiveUpload({ store }, { source: Buffer.alloc(64), originalName: 'data.bin' }),
  ]
  const { placed, skipped } = await placeUploads({ store, directory, uploads })
  expect(skipped).to.deep.equal([])
  return { placed, prompt: { text: promptWithUploads(words, placed), parts: toFileParts(placed) } }
}

/** Files beside the uploads, and outside, which no prompt may name. */
async function refused(client: Client, directory: string): Promise<void> {
  await writeFile(join(directory, 'other.txt'), 'not placed')
  for (const path of [
    join(directory, 'other.txt'),
    join(directory, 'uploads/../other.txt'),
    '/etc/passwd',
  ]) {
    const { href: url } = pathToFileURL(path)
    const part = { type: 'file' as const, mime: 'text/plain', filename: 'x', url }
    const result = await ask(client, { text: 'Read', parts: [part] }).then(
      ({ status }) => status,
      (error: unknown) => error,
    )
    expect(result, path).to.not.equal('completed')
  }
}

const connect = (
  server: { readonly url: string; readonly password?: string | null; readonly username?: string },
  directory: string,
): Client => {
  const options: ClientOptions = {
    baseUrl: server.url,
    directory,
    // Nothing else of the server's machine gets into a prompt by its address.
    allowFiles: [join(directory, 'uploads')],
    ...(server.password ? { password: server.password, username: server.username } : {}),
  }
  return createClient(options)
}

describe('uploads in the prompt of a turn', function () {
  this.timeout(60_000)

  it('are sent as parts, those that were placed and no others', async () => {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'turnstead-prompt-')))
    const answer = on('What is in these', reply(text('Notes.')))
    const impostor = await startImpostor(answer, { storage: 'disk' })
    const client = connect(impostor, directory)
    try {
      const { prompt, placed } = await makePrompt(directory, 'What is in these files?')
      let sessionId = ''
      const onReply = (of: { readonly sessionId: string }): void => void (sessionId = of.sessionId)
      const result = await ask(client, prompt, { onReply })
      expect(result.status).to.equal('completed')
      const [first] = await client.session.messages(sessionId)
      const files = first?.parts.flatMap((part) => (part.type === 'file' ? [part] : [])) ?? []
      expect(files.map(({ url, mime, filename }) => ({ url, mime, filename }))).to.deep.equal([
        {
          url: pathToFileURL(join(directory, 'uploads/notes.txt')).href,
          mime: 'text/plain',
          filename: 'notes.txt',
        },
      ])
      // Another process's word for it is not enough.
      const forged = { ...placed[0], agentPath: '/etc/passwd' } as PlacedUpload
      expect(() => toFileParts([forged])).to.throw(TypeError)
      await refused(client, directory)
      impostor.assertComplete()
    } finally {
      await client.close()
      await impostor.close()
      await rm(directory, { recursive: true })
    }
  })

  it('are read by the real server, and reach the model', async function () {
    if (binary === null) {
      console.warn('SKIPPED, uploads in a prompt: no opencode binary for this platform.')
      this.skip()
    }
    const model = await startScriptedModel([on('What is in these', reply(text('An aubergine.')))])
    const server = await startOpencode({ model, binary })
    const client = connect(server, server.directory)
    try {
      await mkdir(join(server.directory, 'src'))
      const { prompt } = await makePrompt(server.directory, 'What is in these files?')
      const result = await ask(client, prompt)
      expect(result.status).to.equal('completed')
      const sent = JSON.stringify(model.requests.entries.map(({ messages }) => messages))
      expect(sent).to.contain('The secret word is aubergine.')
      expect(sent).to.contain('data.bin')
      await refused(client, server.directory)
      expect(JSON.stringify(model.requests.entries)).to.not.contain('not placed')
    } finally {
      await client.close()
      await server.close()
      await model.close()
    }
  })
})
