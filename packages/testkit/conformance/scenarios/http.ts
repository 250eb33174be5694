import { reply, text } from '../../src/script/builder.js'
import type { ConformanceScenario } from '../scenario.js'

const origins = [
  'http://localhost',
  'http://localhost:3000',
  'https://localhost:3000',
  'http://127.0.0.1',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
  'https://opencode.ai',
  'https://app.opencode.ai',
  'https://x.y.opencode.ai',
  'http://app.opencode.ai',
  'https://evilopencode.ai',
  'null',
  'tauri://localhost',
  'http://tauri.localhost',
  'https://tauri.localhost',
  'oc://renderer',
  'http://[::1]:3000',
]

const json = { 'content-type': 'application/json' }

/** HTTP as such: paths, origins, content types, credentials, paging. */
export const httpScenarios: readonly ConformanceScenario[] = [
  {
    name: 'paths with other slashes, cases and percent signs',
    async run(client) {
      for (const path of [
        '/session/status',
        '/session/status/',
        '//session/status',
        '/Session/Status',
        '/%73ession/status',
        '/session%2Fstatus',
        '/session/ses_x/',
        '/session/ses%5Fx',
        '/session//message',
        '/Session/nope',
        '/session/nope/',
        '/global/health/',
        '/GLOBAL/health',
        '/api/',
        '/global',
        '/permission/',
        '//question',
      ])
        await client.send('GET', path)
    },
  },
  {
    name: 'which pages may read an answer',
    async run(client) {
      for (const origin of origins)
        await client.send('GET', '/session/status', undefined, { headers: { origin } })
      for (const path of ['/session/ses_nope', '/session/nope', '/nope', '/api/health'])
        await client.send('GET', path, undefined, { headers: { origin: 'http://localhost:3000' } })
    },
  },
  {
    name: 'what a page may send',
    async run(client) {
      const origin = 'http://localhost:3000'
      for (const asked of [
        {},
        { 'access-control-request-method': 'DELETE' },
        { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-y, a' },
        { 'access-control-request-private-network': 'true' },
      ])
        await client.send('OPTIONS', '/session', undefined, { headers: { origin, ...asked } })
      await client.send('OPTIONS', '/nope', undefined, { headers: { origin: 'https://x.example' } })
    },
  },
  {
    name: 'content types',
    async run(client) {
      const raw = '{"parts":[]}'
      for (const type of [
        'application/json; charset=utf-8',
        'APPLICATION/JSON',
        'application/json;charset=latin1',
        'application/merge-patch+json',
        'text/json',
        'multipart/form-data; boundary=x',
        'application/x-www-form-urlencoded',
      ]) {
        const headers = { 'content-type': type }
        await client.send('POST', '/session/ses_unknown/prompt_async', undefined, { raw, headers })
      }
      await client.send('POST', '/session/ses_unknown/prompt_async', undefined, {
        raw: '   ',
        headers: json,
      })
    },
  },
  {
    name: 'a password, in every way it may be given',
    password: 'secret',
    async run(client) {
      const token = Buffer.from('opencode:secret').toString('base64')
      const other = Buffer.from('me:secret').toString('base64')
      const empty = Buffer.from('opencode:').toString('base64')
      const query = `?auth_token=${encodeURIComponent(token)}`
      for (const [authorization, search] of [
        [`basic ${token}`, ''],
        [`BASIC ${token}`, ''],
        [`Basic  ${token}`, ''],
        [token, ''],
        [`Basic ${empty}`, ''],
        [`Basic ${other}`, ''],
        ['', query],
        ['', '?auth_token=secret'],
        ['Basic bm9wZTpub3Bl', query],
        [`Basic ${token}`, '?auth_token=nope'],
      ] as const)
        await client.send('GET', `/global/health${search}`, undefined, {
          headers: { authorization },
        })
      for (const path of ['/api/agent', '/experimental/project/x/copy', '/event', '/doc'])
        await client.send(path.endsWith('copy') ? 'POST' : 'GET', path, undefined, {
          headers: { authorization: '' },
        })
    },
  },
  {
    name: 'pages of messages, and what is no page',
    answers: [reply(text('one')), reply(text('two'))],
    async run(client) {
      const id = await client.session()
      for (const said of ['first', 'second']) {
        await client.prompt(id, said)
        await client.idle(id)
      }
      for (const query of [
        'limit=2',
        'limit=0',
        'limit=',
        'limit=-1',
        'limit=1e0',
        'limit=2&limit=3',
      ])
        await client.send('GET', `/session/${id}/message?${query}`)
    },
  },
  {
    name: 'lists of sessions, with odd limits',
    leavesTraces: true,
    async run(client) {
      for (const title of ['Alpha', 'Beta', 'gamma alpha']) await client.session({ title })
      for (const query of [
        'limit=2',
        'limit=0',
        'limit=-1',
        'limit=x',
        'limit=1.5',
        'limit=',
        'search=ALPHA',
        'search=',
        'roots=true&limit=1',
        'roots=maybe',
        'start=9999999999999',
        'start=x',
        'scope=wrong',
        'search=a&search=b',
      ])
        await client.send('GET', `/session?${query}`)
    },
  },
]
