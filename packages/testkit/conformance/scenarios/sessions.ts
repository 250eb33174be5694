import { reply, text } from '../../src/script/builder.js'
import { tool } from '../../src/script/tools.js'
import type { ConformanceScenario } from '../scenario.js'

const unknown = 'ses_00000000000000000000000000'
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** Everything about sessions, messages, parts, files and the server that needs no model, or little of it. */
export const sessionScenarios: readonly ConformanceScenario[] = [
  {
    name: 'sessions: create, list, patch, children, delete',
    leavesTraces: true,
    async run(client) {
      const id = await client.session({
        title: 'All fields',
        agent: 'plan',
        model: { providerID: 'scripted', id: 'think', variant: 'high' },
        metadata: { my: { nested: [1, 2] } },
        permission: [{ permission: 'bash', pattern: 'rm *', action: 'deny' }],
      })
      await client.send('POST', '/session')
      await client.send('POST', '/session', {})
      await client.send('POST', '/session', { parentID: id })
      await client.send('GET', `/session/${id}`)
      await client.send('GET', '/session')
      await client.send('GET', '/session?roots=true')
      await client.send('GET', '/session?limit=1')
      await client.send('GET', '/session?search=all')
      await client.send('PATCH', `/session/${id}`, { title: 'Renamed', metadata: { other: true } })
      await client.send('PATCH', `/session/${id}`, { time: { archived: 1795000000000 } })
      await client.send('PATCH', `/session/${id}`, {})
      await client.send('GET', `/session/${id}/children`)
      await client.send('GET', `/session/${id}/todo`)
      await client.send('GET', `/session/${id}/diff`)
      await client.send('GET', `/session/${id}/message`)
      await client.send('POST', `/session/${id}/share`)
      await client.send('DELETE', `/session/${id}/share`)
      await client.send('DELETE', `/session/${id}`)
      await client.send('GET', `/session/${id}`)
      await client.send('DELETE', `/session/${id}`)
    },
  },
  {
    name: 'messages that the server cannot list again',
    async run(client) {
      for (const format of [
        { type: 'text' },
        { type: 'json_schema', schema: { type: 'object', properties: {} }, retryCount: 2 },
      ]) {
        const id = await client.session()
        const parts = [{ type: 'text', text: 'note' }]
        await client.send('POST', `/session/${id}/message`, { noReply: true, parts })
        await client.send('POST', `/session/${id}/message`, { noReply: true, parts })
        await client.send('POST', `/session/${id}/message`, { noReply: true, parts, format })
        await client.quiet()
        for (const page of ['', '?limit=1', '?limit=2', '?limit=9'])
          await client.send('GET', `/session/${id}/message${page}`)
        await client.send('POST', `/session/${id}/fork`, {})
      }
    },
  },
  {
    name: 'sessions that cannot be created',
    async run(client) {
      for (const raw of ['{nope', 'null', '[]', '"x"'])
        await client.send('POST', '/session', undefined, { raw })
      for (const body of [
        { title: 1 },
        { parentID: 'nope' },
        { workspaceID: 'x' },
        { model: { providerID: 'a' } },
        { permission: [{ permission: 'x', pattern: '*', action: 'maybe' }] },
        { permission: { edit: 'ask' } },
        { metadata: 'x' },
      ]) {
        await client.send('POST', '/session', body)
      }
      await client.send('POST', '/session', { parentID: unknown })
      await client.send(
        'POST',
        '/session',
        { title: 'text' },
        { headers: { 'content-type': 'text/plain' } },
      )
    },
  },
  ...[unknown, 'nope'].map((id): ConformanceScenario => ({
    name: `every session endpoint with the id ${id}`,
    async run(client) {
      const prompt = { parts: [{ type: 'text', text: 'go' }] }
      await client.send('GET', `/session/${id}`)
      await client.send('PATCH', `/session/${id}`, { title: 'x' })
      await client.send('DELETE', `/session/${id}`)
      await client.send('GET', `/session/${id}/children`)
      await client.send('GET', `/session/${id}/todo`)
      await client.send('GET', `/session/${id}/diff`)
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}/message/msg_00000000000000000000000000`)
      await client.send('POST', `/session/${id}/message`, prompt)
      await client.send('POST', `/session/${id}/prompt_async`, prompt)
      await client.send('POST', `/session/${id}/abort`)
      await client.send('POST', `/session/${id}/fork`, {})
      await client.send('POST', `/session/${id}/revert`, {
        messageID: 'msg_00000000000000000000000000',
      })
      await client.send('POST', `/session/${id}/unrevert`)
      await client.send('POST', `/session/${id}/summarize`, {
        providerID: 'scripted',
        modelID: 'standard',
      })
      await client.send('POST', `/session/${id}/command`, { command: 'init', arguments: '' })
      await client.send('POST', `/session/${id}/shell`, { agent: 'build', command: 'true' })
      await client.send('POST', `/session/${id}/share`)
      await client.send('DELETE', `/session/${id}/share`)
      await client.quiet()
    },
  })),
  {
    name: 'bad bodies',
    async run(client) {
      const id = await client.session()
      for (const endpoint of [
        'message',
        'prompt_async',
        'revert',
        'summarize',
        'command',
        'shell',
      ]) {
        const path = `/session/${id}/${endpoint}`
        await client.send('POST', path, undefined, { raw: '{nope' })
        await client.send('POST', path, {})
        await client.send('POST', path, undefined)
        await client.send('POST', path, {
          messageID: 1,
          parts: [],
          arguments: '',
          command: 'x',
          agent: 'build',
          providerID: 'a',
          modelID: 'b',
        })
      }
      await client.send('PATCH', `/session/${id}`, { title: 1 })
      await client.send('POST', `/session/${id}/message`, undefined, {
        raw: 'text',
        headers: { 'content-type': 'text/plain' },
      })
      await client.send('POST', `/session/${id}/message`, { messageID: 'nope', parts: [] })
      await client.send('POST', `/session/${id}/message`, { messageID: '', parts: [] })
      await client.send('POST', `/session/${id}/message`, {
        parts: [{ type: 'text', text: 'x', id: 'nope' }],
      })
      await client.send('POST', `/session/${id}/message`, { parts: [{ type: 'hologram' }] })
      await client.quiet()
    },
  },
  {
    name: 'unknown routes and wrong methods',
    async run(client) {
      await client.send('GET', '/nope')
      await client.send('POST', '/nope', {})
      await client.send('GET', '/session/x/y/z/nope')
      await client.send('PUT', '/session', {})
    },
  },
  {
    name: 'a password',
    password: 'secret',
    async run(client) {
      await client.send('GET', '/global/health', undefined, {
        headers: { authorization: 'Basic bm9wZTpub3Bl' },
      })
      await client.send('GET', '/session', undefined, {
        headers: { authorization: 'Bearer secret' },
      })
      await client.send('GET', '/nope', undefined, { headers: { authorization: '' } })
      await client.send('GET', '/api/health', undefined, { headers: { authorization: '' } })
      await client.send('GET', '/global/health')
      const token = Buffer.from('opencode:secret').toString('base64')
      await client.send(
        'GET',
        `/global/health?auth_token=${encodeURIComponent(token)}`,
        undefined,
        { headers: { authorization: '' } },
      )
    },
  },
  {
    name: 'health, path, project',
    leavesTraces: true,
    async run(client) {
      await client.send('GET', '/global/health')
      await client.send('GET', '/api/health')
      await client.send('GET', '/session/status')
      await client.send('GET', '/permission')
      await client.send('GET', '/question')
    },
  },
  {
    name: 'messages: paging, one, delete, parts',
    answers: [reply(text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session()
      for (const said of ['first', 'second']) {
        await client.prompt(id, said)
        await client.idle(id)
      }
      await client.send('GET', `/session/${id}/message?limit=3`)
      await client.send('GET', `/session/${id}/message?limit=9`)
      await client.send('GET', `/session/${id}/message?limit=0`)
      await client.send('GET', `/session/${id}/message?before=x`)
      await client.send('GET', `/session/${id}/message?limit=1&before=x`)
      const { body } = await client.send('GET', `/session/${id}/message`)
      const list: readonly unknown[] = Array.isArray(body) ? body : []
      const first = list.find(isRecord)
      const parts: unknown = first?.['parts']
      const part: unknown = Array.isArray(parts) ? parts[0] : null
      const partId = isRecord(part) ? String(part['id']) : ''
      const info = first?.['info']
      const messageId = isRecord(info) ? String(info['id']) : ''
      await client.send('GET', `/session/${id}/message/${messageId}`)
      await client.send('GET', `/session/${id}/message/msg_00000000000000000000000000`)
      await client.send('PATCH', `/session/${id}/message/${messageId}/part/${partId}`, {
        ...(isRecord(part) ? part : {}),
        text: 'changed',
      })
      await client.send(
        'PATCH',
        `/session/${id}/message/${messageId}/part/prt_00000000000000000000000000`,
        { ...(isRecord(part) ? part : {}), text: 'changed' },
      )
      await client.send('DELETE', `/session/${id}/message/${messageId}/part/${partId}`)
      await client.send(
        'DELETE',
        `/session/${id}/message/${messageId}/part/prt_00000000000000000000000000`,
      )
      await client.send('DELETE', `/session/${id}/message/${messageId}`)
      await client.send('DELETE', `/session/${id}/message/msg_00000000000000000000000000`)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'fork whole and at a message',
    answers: [reply(text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session({
        title: 'root',
        metadata: { a: 1 },
        permission: [{ permission: 'edit', pattern: '*', action: 'ask' }],
      })
      await client.prompt(id, {
        messageID: 'msg_1f8e7f3a7000EEEEEEEEEEEEEE',
        parts: [{ type: 'text', text: 'first' }],
      })
      await client.idle(id)
      await client.prompt(id, {
        messageID: 'msg_1f8e7f3a7000FFFFFFFFFFFFFF',
        parts: [{ type: 'text', text: 'second' }],
      })
      await client.idle(id)
      for (const body of [
        {},
        { messageID: 'msg_1f8e7f3a7000FFFFFFFFFFFFFF' },
        { messageID: 'msg_00000000000000000000000000' },
      ]) {
        const fork = await client.send('POST', `/session/${id}/fork`, body)
        const forkId = isRecord(fork.body) ? String(fork.body['id']) : ''
        await client.quiet()
        await client.send('GET', `/session/${forkId}/message`)
      }
    },
  },
  {
    name: 'part kinds in a prompt',
    answers: [reply(text('ok')), reply(text('ok'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, {
        parts: [
          { type: 'text', text: 'shown' },
          { type: 'text', text: 'synthetic', synthetic: true },
          { type: 'text', text: 'ignored', ignored: true, metadata: { a: 1 } },
          {
            type: 'file',
            mime: 'text/plain',
            filename: 'note.txt',
            url: `data:text/plain;base64,${Buffer.from('note\n').toString('base64')}`,
          },
        ],
      })
      await client.idle(id)
      await client.prompt(id, {
        parts: [
          { type: 'text', text: 'ask' },
          { type: 'agent', name: 'general' },
        ],
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'files over HTTP',
    leavesTraces: true,
    files: {
      'sub/agent.txt': 'hello file\nline 2\n',
      'empty.txt': '',
      'ws.txt': '  keep my spaces  \n',
    },
    async run(client) {
      for (const path of ['.', '', 'sub', 'nope', '..', '/etc'])
        await client.send('GET', `/file?path=${encodeURIComponent(path)}`)
      await client.send('GET', '/file')
      for (const path of [
        'sub/agent.txt',
        'seed.txt',
        './seed.txt',
        'ws.txt',
        'empty.txt',
        'nope.txt',
        'sub',
        '/etc/hostname',
        '../../etc/hostname',
      ]) {
        await client.send('GET', `/file/content?path=${encodeURIComponent(path)}`)
      }
      await client.send('GET', '/file/content')
      await client.send('GET', '/file/status')
      await client.send('GET', '/vcs')
      const location = `location[directory]=${encodeURIComponent(client.directory)}`
      for (const path of [
        'sub/agent.txt',
        'seed.txt',
        'nope.txt',
        'sub',
        '%2e%2e/x',
        '/etc/hostname',
      ]) {
        await client.send('GET', `/api/fs/read/${path}?${location}`, undefined, {
          noDirectory: true,
        })
      }
    },
  },
  {
    name: 'shell and commands',
    async run(client) {
      const id = await client.session()
      await client.send('POST', `/session/${id}/shell`, { agent: 'build', command: 'echo hi' })
      await client.idle(id)
      await client.send('POST', `/session/${id}/command`, { command: 'nope', arguments: '' })
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'summarize',
    answers: [reply(text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'first')
      await client.idle(id)
      await client.send('POST', `/session/${id}/summarize`, {
        providerID: 'scripted',
        modelID: 'standard',
      })
      await client.idle(id)
      await client.prompt(id, 'next')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'revert and unrevert in a git repository',
    git: true,
    answers: [reply(tool.write({ filePath: 'r.txt', content: 'r\n' }), text('written'))],
    async run(client) {
      const id = await client.session()
      const messageID = 'msg_1f8e7f3a7000GGGGGGGGGGGGGG'
      await client.prompt(id, { messageID, parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/diff?messageID=${messageID}`)
      await client.send('POST', `/session/${id}/revert`, { messageID })
      await client.quiet()
      await client.send('GET', '/file/content?path=r.txt')
      await client.send('POST', `/session/${id}/unrevert`)
      await client.quiet()
      await client.send('GET', '/file/content?path=r.txt')
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
