import { gate, reply, text } from '../../src/script/builder.js'
import type { ConformanceScenario } from '../scenario.js'

const origins = [
  'http://localhost:3000',
  'http://127.0.0.1:5173',
  'https://app.opencode.ai',
  'https://evil.example',
]

/** The server itself: what it tells of itself, who may ask, and how a directory is freed. */
export const serverScenarios: readonly ConformanceScenario[] = [
  {
    name: 'configuration, providers, agents',
    leavesTraces: true,
    async run(client) {
      for (const path of [
        '/config',
        '/config/providers',
        '/agent',
        '/path',
        '/project/current',
        '/command',
        '/mcp',
        '/lsp',
        '/formatter',
      ]) {
        await client.send('GET', path)
      }
    },
  },
  {
    name: 'what clients read when they start',
    leavesTraces: true,
    async run(client) {
      for (const path of [
        '/provider/auth',
        '/skill',
        '/project',
        '/project/global/directories',
        '/vcs/status',
        '/vcs/diff?mode=git',
        '/vcs/diff/raw',
        '/experimental/capabilities',
        '/experimental/console',
        '/experimental/resource',
        '/experimental/workspace',
        '/experimental/workspace/status',
        '/experimental/worktree',
        '/experimental/tool/ids',
      ])
        await client.send('GET', path)
      for (const name of ['location', 'agent', 'command', 'integration', 'reference', 'provider']) {
        const place = `location[directory]=${encodeURIComponent(client.directory)}`
        await client.send('GET', `/api/${name}?${place}`, undefined, { noDirectory: true })
      }
    },
  },
  {
    name: 'origins',
    async run(client) {
      for (const origin of origins) {
        await client.send('GET', '/session/status', undefined, { headers: { origin } })
        await client.send('OPTIONS', '/session', undefined, {
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type,x-opencode-directory',
          },
        })
      }
    },
  },
  {
    name: 'a directory disposed of while a turn runs',
    leavesTraces: true,
    answers: reply(text('some '), gate('disposed'), text('more')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await client.send('POST', '/instance/dispose')
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', '/session/status')
    },
  },
]
