import { relative } from 'node:path'
import { reply, text } from '../../src/script/builder.js'
import type { Client } from '../client.js'
import type { ConformanceScenario } from '../scenario.js'

const looks = [
  '/vcs',
  '/agent',
  '/project/current',
  '/file?path=.',
  '/file/content?path=a.txt',
].concat(
  ['/file/status', '/find?pattern=x', '/find/file?query=x', '/find/symbol?query=x', '/session'],
  ['/session/status', '/permission', '/question', '/experimental/session', '/vcs/status'],
)

async function placeOf(client: Client, words: string): Promise<string> {
  const path = `/path?directory=${encodeURIComponent(words)}`
  const { body } = await client.send('GET', path, undefined, { quiet: true })
  return String(Object(body).directory)
}

/** Directories and projects: where sessions are, and what is said of those that are nowhere. */
export const placeScenarios: readonly ConformanceScenario[] = [
  {
    name: 'a directory that does not exist',
    below: 'nope',
    leavesTraces: true,
    answers: [reply(text('never')), reply(text('said'))],
    async run(client) {
      await client.send('GET', '/path')
      for (const path of looks) await client.send('GET', path)
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.event('session.error')
      await client.quiet()
      const parts = [{ type: 'text', text: 'hi' }]
      await client.send('POST', `/session/${id}/message`, { parts })
      await client.quiet()
      await client.send('POST', `/session/${id}/message`, { noReply: true, parts })
      await client.send('GET', `/session/${id}/message`)
      await client.send('POST', `/session/${id}/shell`, { agent: 'build', command: 'echo x' })
      await client.quiet()
      const model = { providerID: 'scripted', modelID: 'standard' }
      await client.send('POST', `/session/${id}/summarize`, model)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
      await client.send('DELETE', `/session/${id}`)
    },
  },
  {
    name: 'a directory in other words',
    leavesTraces: true,
    files: { 'sub/a.txt': 'a\n' },
    async run(client) {
      for (const words of ['/', '/sub/', '/sub/..', '//sub', '/./sub', '/sub/../nope', '%2Fsub']) {
        const directory = encodeURIComponent(client.directory + words)
        await client.send('POST', `/session?directory=${directory}`, { title: words })
        await client.send('GET', `/session?directory=${directory}`)
        await client.send('GET', `/file?path=.&directory=${directory}`)
      }
      await client.send('GET', '/session')
      const { directory } = client
      for (const given of [`${directory}/sub`, encodeURIComponent(`${directory}/sub`)]) {
        const headers = { 'x-opencode-directory': given }
        await client.send('POST', '/session', {}, { noDirectory: true, headers })
      }
    },
  },
  {
    name: 'a relative directory',
    leavesTraces: true,
    async run(client) {
      // The server's own directory has another name on each server.
      const own = await placeOf(client, '')
      for (const words of ['.', 'sub', './sub', '../x', '~', ' ', 'a/../b', '%zz', 'file:///x']) {
        const place = await placeOf(client, words)
        await client.session({ title: relative(own, place) })
      }
    },
  },
  {
    name: 'a file where a directory is meant',
    leavesTraces: true,
    answers: reply(text('hello')),
    async run(client) {
      const id = await client.session()
      const query = `directory=${encodeURIComponent(`${client.directory}/seed.txt`)}`
      const lines = ['/session', '/experimental/session', '/project/current', '/config', '/agent']
      const more = ['/find?pattern=x', '/find', '/session/x', '/session/status', '/global/health']
      for (const line of [...lines, ...more, `/session/${id}`, '/api/health']) {
        await client.send('GET', `${line}${line.includes('?') ? '&' : '?'}${query}`)
      }
      await client.send('POST', `/session?${query}`, {})
      await client.send('POST', `/session/${id}/message?${query}`, {
        parts: [{ type: 'text', text: 'hi' }],
      })
      await client.send('POST', `/session/${id}/message?${query}`, {})
      await client.send('POST', `/instance/dispose?${query}`)
    },
  },
  {
    name: 'sessions of all projects',
    leavesTraces: true,
    async run(client) {
      const parentID = await client.session({ title: 'one' })
      const archived = await client.session({ title: 'two' })
      await client.session({ title: 'child', parentID })
      await client.send('PATCH', `/session/${archived}`, { time: { archived: 1795000000000 } })
      const queries = [
        '',
        'roots=true',
        'roots=true&archived=true',
        'archived=false',
        'limit=1',
        'limit=0',
        'limit=-1',
        'limit=x',
        'limit=1.5',
        'search=ON',
        'roots=maybe',
        'start=99999999999999',
        'cursor=1',
        'cursor=99999999999999',
        'directory=/nowhere',
      ]
      for (const query of queries) await client.send('GET', `/experimental/session?${query}`)
      const child = (await client.send('GET', '/experimental/session?limit=1')).body
      const updated = Array.isArray(child) ? Object(Object(child[0]).time).updated : 0
      await client.send('GET', `/experimental/session?archived=true&cursor=${String(updated)}`)
    },
  },
  {
    name: 'sessions of all projects, in git',
    git: true,
    async run(client) {
      await client.session({ title: 'one' })
      await client.send('GET', '/experimental/session')
    },
  },
]
