import { gate, reply, text } from '../../src/script/builder.js'
import type { Json } from '../../src/impostor/state/records.js'
import { tool } from '../../src/script/tools.js'
import type { ScenarioLike } from '../../src/script/scenario.js'
import type { ConformanceScenario } from '../scenario.js'

const files = {
  'sub/a.txt': 'beta here\nBeta and beta\n',
  'sub/deep/b.txt': 'b\n',
  'src/app.ts': 'export function alphaOne() {}\nconst x = 1\n',
  'src/deep/alpha_two.txt': 'beta alpha beta\n',
  'docs/readme.md': '# Alpha\n',
  '.hidden': 'alpha\n',
}

function playing(
  name: string,
  answers: ScenarioLike,
  more: Partial<ConformanceScenario> = {},
): ConformanceScenario {
  return {
    name,
    files,
    answers,
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
    ...more,
  }
}

const call = (name: string, input: Json): ReturnType<typeof tool.call> => tool.call(name, input)

/** Looking for files and text, as tools and over HTTP. */
export const searchScenarios: readonly ConformanceScenario[] = [
  // One result each: the server gives several in any order.
  playing(
    'glob and grep',
    reply(
      call('glob', { pattern: '**/a.txt' }),
      text('a'),
      call('glob', { pattern: '*.nope' }),
      text('b'),
      call('glob', { pattern: '*.ts', path: 'src' }),
      text('c'),
      call('glob', { pattern: 'sub/*.{txt,md}' }),
      text('d'),
      call('grep', { pattern: 'here' }),
      text('e'),
      call('grep', { pattern: 'zzz', include: '*.txt' }),
      text('f'),
      call('grep', { pattern: 'b.t+a', path: 'sub', include: '*.txt' }),
      text('g'),
      call('grep', { pattern: 'const', path: 'src/app.ts' }),
      text('h'),
    ),
  ),
  playing(
    'glob and grep of what is not there',
    reply(
      call('glob', { pattern: '*', path: 'nope' }),
      text('a'),
      call('grep', { pattern: 'export', path: 'nope' }),
      text('b'),
      call('glob', { pattern: '*', path: 'seed.txt' }),
      text('c'),
    ),
  ),
  playing('grep with many matches', reply(call('grep', { pattern: 'row' }), text('a')), {
    files: { 'rows.txt': Array.from({ length: 120 }, (_, index) => `row ${index}\n`).join('') },
  }),
  playing(
    'three equal calls in a row',
    reply(
      tool.read({ filePath: 'seed.txt' }),
      text('a'),
      tool.read({ filePath: 'seed.txt' }),
      text('b'),
      tool.read({ filePath: 'seed.txt' }),
      text('c'),
    ),
  ),
  {
    name: 'three equal calls in one message',
    answers: reply(
      tool.read({ filePath: 'seed.txt' }),
      tool.read({ filePath: 'seed.txt' }),
      tool.read({ filePath: 'seed.txt' }),
      text('c'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const ask = await client.event('permission.asked')
      await client.quiet()
      await client.send('GET', '/permission')
      await client.send('POST', `/permission/${String(ask.properties['id'])}/reply`, {
        reply: 'once',
      })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'three equal calls in one message, refused',
    answers: reply(
      tool.read({ filePath: 'seed.txt' }),
      tool.read({ filePath: 'seed.txt' }),
      tool.read({ filePath: 'seed.txt' }),
      text('c'),
    ),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      const ask = await client.event('permission.asked')
      await client.quiet()
      await client.send('POST', `/permission/${String(ask.properties['id'])}/reply`, {
        reply: 'reject',
      })
      await client.idle(id)
      // Once before the message has ended, and once after.
      for (let wait = 0; wait < 4; wait += 1) await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  playing(
    'bash in another folder, and one that takes too long',
    reply(
      call('bash', { command: 'true', description: 'Nothing', workdir: 'sub' }),
      text('a'),
      tool.call(
        'bash',
        { command: 'printf half; sleep 5', description: 'Slow', timeout: 300 },
        { output: 'half', tookMs: 5_000 },
      ),
      text('b'),
      call('bash', { command: 'true', description: 'Nothing', workdir: 'nope' }),
      text('c'),
    ),
  ),
  {
    name: 'searches over HTTP',
    files,
    async run(client) {
      for (const pattern of ['alphaOne', 'ALPHA', 'B.t+a', 'h.re|beta and', 'zzz', '(']) {
        await client.send('GET', `/find?pattern=${encodeURIComponent(pattern)}`)
      }
      await client.send('GET', '/find/symbol?query=alpha')
    },
  },
  {
    name: 'searches for files by name',
    files,
    leavesTraces: true,
    async run(client) {
      // The server reads the folder before it finds anything.
      for (let tries = 0; tries < 100; tries += 1) {
        const { body } = await client.send('GET', '/find/file?query=', undefined, { quiet: true })
        if (Array.isArray(body) && body.length > 0) break
        await client.quiet()
      }
      for (const query of ['alpha_two', 'ALPHA', 'zzzz', 'hidden', 'readme.md&limit=1'])
        await client.send('GET', `/find/file?query=${query}`)
      for (const more of ['type=x', 'dirs=maybe', 'limit=0', 'limit=x', 'limit=201'])
        await client.send('GET', `/find/file?query=alpha_two&${more}`)
    },
  },
  {
    name: 'searches in git',
    git: true,
    files: {
      ...files,
      '.gitignore': 'ignored.txt\n',
      'ignored.txt': 'secret\n',
      'src/deep/alpha_two.txt': 'two\n',
    },
    async run(client) {
      await client.send('GET', '/file?path=.')
      await client.send('GET', '/find?pattern=two')
      await client.send('GET', '/find?pattern=secret')
      await client.send('GET', '/file/status')
    },
  },
  {
    name: 'what git has changed',
    git: true,
    files: {
      'a.txt': Array.from({ length: 20 }, (_, index) => `line ${index}\n`).join(''),
      'gone.txt': 'x\ny\n',
      'one.txt': 'x\n',
      'sub/b.txt': 'b\n',
      'bin.dat': 'a\u0000b',
      '.gitignore': 'ignored.txt\n',
    },
    answers: reply(
      tool.edit({ filePath: 'a.txt', oldString: 'line 3\n', newString: 'LINE\nmore\n' }),
      text('1'),
      tool.edit({ filePath: 'a.txt', oldString: 'line 17', newString: 'end' }),
      text('2'),
      tool.write({ filePath: 'new/c.txt', content: 'c\nno end' }),
      text('3'),
      tool.write({ filePath: 'ignored.txt', content: 'i\n' }),
      text('4'),
      tool.edit({ filePath: 'one.txt', oldString: 'x', newString: 'y' }),
      text('5'),
    ),
    async run(client) {
      const paths = ['/vcs/status', '/vcs/diff?mode=git', '/vcs/diff?mode=branch', '/vcs/diff/raw']
      for (const path of paths) await client.send('GET', path)
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      for (const path of [...paths, '/vcs/diff?mode=git&context=1', '/vcs/diff']) {
        await client.send('GET', path)
      }
    },
  },
  {
    name: 'a write in git, without snapshots',
    git: true,
    config: { snapshot: false },
    answers: reply(tool.write({ filePath: 'w.txt', content: 'w\n' }), text('written')),
    async run(client) {
      const id = await client.session()
      const messageID = 'msg_1f8e7f3a7000GGGGGGGGGGGGGG'
      await client.prompt(id, { messageID, parts: [{ type: 'text', text: 'go' }] })
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
      await client.send('GET', `/session/${id}/diff?messageID=${messageID}`)
      await client.send('POST', `/session/${id}/revert`, { messageID })
      await client.quiet()
      await client.send('GET', '/file/content?path=w.txt')
    },
  },
  {
    name: 'a write outside git, with snapshots',
    config: { snapshot: true },
    answers: reply(tool.write({ filePath: 'w.txt', content: 'w\n' }), text('written')),
    async run(client) {
      const id = await client.session()
      await client.prompt(id, 'go')
      await client.idle(id)
      await client.quiet()
      await client.send('GET', `/session/${id}/message`)
    },
  },
  {
    name: 'a shell with errors, an unknown agent, a model and an id',
    answers: [reply(text('half '), gate('sh'), text('whole'))],
    async run(client) {
      const id = await client.session()
      const shell = (body: Json): Promise<unknown> =>
        client.send('POST', `/session/${id}/shell`, body)
      await shell({ agent: 'build', command: 'echo one' })
      await client.quiet()
      await shell({ agent: 'nobody', command: 'echo x' })
      await client.quiet()
      await shell({
        agent: 'plan',
        command: 'echo planned',
        model: { providerID: 'scripted', modelID: 'small' },
        messageID: 'msg_1f8e7f3a7000KKKKKKKKKKKKKK',
      })
      await client.quiet()
      await client.prompt(id, 'go')
      await client.event('message.part.delta')
      await client.quiet()
      await shell({ agent: 'build', command: 'echo busy' })
      client.gate('sh').open()
      await client.idle(id)
      await client.send('GET', `/session/${id}/message`)
    },
  },
]
