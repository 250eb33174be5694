import { expect } from 'chai'
import { afterEach, describe, it } from 'mocha'
import {
  always,
  ask as askPerson,
  finish,
  on,
  reply,
  startImpostor,
  text,
  tool,
  type Impostor,
  type ImpostorOptions,
  type ScenarioLike,
} from '../src/index.js'
import { nameOfCommand } from '../src/impostor/shell/shell-arity.js'
import { shellCommands } from '../src/impostor/shell/shell-commands.js'
import { createSession, lastText, send } from './support/client.js'

interface Shown {
  readonly info: {
    readonly id: string
    readonly role: string
    readonly agent?: string
    readonly modelID?: string
  }
  readonly parts: readonly {
    readonly id: string
    readonly type: string
    readonly text?: string
    readonly filename?: string
    readonly state?: {
      readonly status: string
      readonly error?: string
      readonly metadata?: Readonly<Record<string, unknown>>
    }
  }[]
}

const ok = always(/[^]*/u, reply(text('ok')))

describe('Impostor, as hosts and models use a server', () => {
  let impostor: Impostor | null = null
  afterEach(() => impostor?.close())

  const start = async (script: ScenarioLike, options: ImpostorOptions = {}): Promise<string> => {
    impostor = await startImpostor(script, { listenerWaitMs: 0, ...options })
    return createSession(impostor.url)
  }
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> =>
    (await send(impostor?.url ?? '', method, path, body)).body
  const ask = (id: string, words: string, more: object = {}): Promise<unknown> =>
    call('POST', `/session/${id}/message`, { parts: [{ type: 'text', text: words }], ...more })
  const messages = async (id: string): Promise<readonly Shown[]> =>
    (await call('GET', `/session/${id}/message`)) as Shown[]
  const tools = async (id: string): Promise<readonly Shown['parts'][number][]> =>
    (await messages(id)).flatMap(({ parts }) => parts.filter((part) => part.type === 'tool'))

  it('takes a line for the shell apart as the server does', () => {
    const shown = (line: string): readonly string[] =>
      shellCommands(line).map((each) => `${each.text} [${nameOfCommand(each.words)} *]`)
    expect(shown('cd a && npm run build -- --x > log 2>&1')).to.deep.equal([
      'cd a [cd *]',
      'npm run build -- --x [npm run build *]',
    ])
    expect(shown('A=1 git commit -m "$(date)"; ls > f')).to.deep.equal([
      'A=1 git commit -m "$(date)" [git commit *]',
      'date [date *]',
      'ls > f [ls *]',
    ])
    expect(shown("cat > f <<'EOF'\n$(no)\nEOF\npwd")).to.deep.equal([
      "cat > f <<'EOF'\n$(no)\nEOF [cat *]",
      'pwd [pwd *]',
    ])
    expect(shown('for f in *; do rm $f; done # gone')).to.deep.equal(['rm $f [rm *]'])
    expect(shown('X=1')).to.deep.equal([])
  })

  it('asks for the folders that a command names before it asks for the command', async () => {
    const line = 'cp seed.txt /etc/x && cd sub'
    const id = await start(reply(tool.bash({ command: line }, { output: '' }), text('Done.')), {
      config: { permission: { bash: 'ask' } },
    })
    void ask(id, 'go')
    const asked: unknown[] = []
    for (let count = 0; count < 2; count += 1) {
      const event = await impostor?.events.next((each) => each.type === 'permission.asked')
      const { id: request, patterns, permission } = event?.properties ?? {}
      asked.push([permission, patterns])
      await call('POST', `/permission/${String(request)}/reply`, { reply: 'once' })
    }
    expect(asked).to.deep.equal([
      ['external_directory', ['/etc/*']],
      ['bash', ['cp seed.txt /etc/x']],
    ])
  })

  it('edits what is nearly what the file holds, and keeps its ends of lines and its mark', async () => {
    const id = await start(
      reply(
        tool.edit({ filePath: 'a.txt', oldString: 'one\ntwo', newString: '1\n2' }),
        tool.edit({ filePath: 'a.txt', oldString: 'same', newString: 'x' }),
        tool.edit({ filePath: 'b.txt', oldString: 'if (a)\nb()', newString: 'c()' }),
        text('Done.'),
      ),
      {
        files: { 'a.txt': '\uFEFFone\r\ntwo\r\nsame\r\nsame\r\n', 'b.txt': '  if (a)\n    b()\n' },
      },
    )
    await ask(id, 'go')
    const [first, second] = await tools(id)
    expect(first?.state?.status).to.equal('completed')
    expect(second?.state?.error).to.match(/^Found multiple matches/u)
    expect(impostor?.readFile('b.txt')).to.equal('c()\n')
    const bytes = await fetch(`${impostor?.url}/api/fs/read/a.txt`)
    expect(Buffer.from(await bytes.arrayBuffer()).toString()).to.equal(
      '\uFEFF1\r\n2\r\nsame\r\nsame\r\n',
    )
  })

  it('takes back the steps behind a part, and no others', async () => {
    const id = await start(
      reply(
        tool.edit({ filePath: 'a.txt', oldString: 'a', newString: 'b' }),
        text('x'),
        tool.edit({ filePath: 'a.txt', oldString: 'b', newString: 'c' }),
        text('y'),
      ),
      { git: true, files: { 'a.txt': 'a\n' } },
    )
    await ask(id, 'go')
    const second = (await messages(id))[2]
    const part = second?.parts.find(({ type }) => type === 'tool')
    await call('POST', `/session/${id}/revert`, { messageID: second?.info.id, partID: part?.id })
    expect(impostor?.readFile('a.txt')).to.equal('b\n')
    await call('POST', `/session/${id}/unrevert`)
    expect(impostor?.readFile('a.txt')).to.equal('c\n')
  })

  it('lets a child think with the model of who calls it, and an agent with its own', async () => {
    const sub = { description: 'Sub', prompt: 'sub', subagent_type: 'general' }
    const id = await start([on('go', reply(tool.task(sub, reply(text('c'))), text('p'))), ok], {
      config: { agent: { small: { mode: 'primary', model: 'scripted/small' } } },
    })
    const model = { providerID: 'scripted', modelID: 'think' }
    await ask(id, 'go', { model })
    const [child] = (await call('GET', `/session/${id}/children`)) as { id: string }[]
    expect((await messages(child?.id ?? '')).at(-1)?.info.modelID).to.equal('think')
    await ask(id, 'more', { agent: 'small' })
    expect((await messages(id)).at(-1)?.info.modelID).to.equal('small')
  })

  it('fills in the shell, the files and the agents of a command', async () => {
    const id = await start(ok, {
      git: true,
      files: { 'seed.txt': 'alpha\n' },
      config: {
        agent: { helper: { mode: 'subagent', description: 'h' } },
        command: {
          look: { template: 'Say !`echo "a  b"  c` on @seed.txt and @general', agent: 'plan' },
          bare: { template: 'bare' },
          help: { template: 'help', agent: 'helper' },
        },
      },
    })
    for (const command of ['look', 'bare', 'help'])
      await call('POST', `/session/${id}/command`, { command, arguments: '' })
    const [look, , bare, , help] = await messages(id)
    expect(look?.parts[0]?.text).to.equal('Say a  b c\n on @seed.txt and @general')
    expect(look?.parts.map((part) => part.type)).to.include.members(['file', 'agent'])
    expect([look?.info.agent, bare?.info.agent]).to.deep.equal(['plan', 'build'])
    expect(help?.parts.map((part) => part.type)).to.deep.equal(['subtask'])
  })

  it('calls the model again after tools, whatever it said why it stopped', async () => {
    const id = await start(
      reply(tool.bash({ command: 'echo' }, { output: '' }), finish('length'), text('Whole.')),
    )
    await ask(id, 'go')
    expect(await lastText(impostor?.url ?? '', id)).to.equal('Whole.')
  })

  it('refuses arguments of the wrong type, and says what is no JSON in them', async () => {
    const id = await start(
      reply(
        tool.call('bash', { command: 7 }),
        tool.call('bash', '{"command": '),
        tool.call('bash', '[1]'),
        text('Done.'),
      ),
    )
    await ask(id, 'go')
    const [typed, broken, list] = await tools(id)
    expect(typed?.state?.error).to.include('Expected string, got 7\n  at ["command"]')
    expect(JSON.stringify(broken?.state)).to.include('JSON Parse error: Unexpected EOF')
    expect(list?.state?.error).to.include('Expected object, got [1]')
  })

  it('tells a terminal interface what an editor asks of it, and keeps the name of a project', async () => {
    const id = await start(ok)
    await call('POST', '/tui/show-toast', { message: 'm', variant: 'info' })
    const toast = await impostor?.events.next((each) => each.type === 'tui.toast.show')
    expect(toast?.properties).to.deep.equal({ message: 'm', variant: 'info', duration: 5000 })
    await call('POST', '/tui/select-session', { sessionID: id })
    await impostor?.events.next((each) => each.type === 'tui.session.select')
    await call('PATCH', '/project/global', { name: 'N' })
    expect(JSON.stringify(await call('GET', '/project'))).to.include('"name":"N"')
  })

  it('looks for sessions as a database does', async () => {
    await start(ok)
    await createSession(impostor?.url ?? '', { title: 'Half 50%' })
    const titles = async (query: string): Promise<readonly string[]> =>
      ((await call('GET', `/session?${query}`)) as { title: string }[]).map((each) => each.title)
    expect(await titles('search=t_st')).to.deep.equal(['test'])
    expect(await titles('search=HALF')).to.deep.equal(['Half 50%'])
    expect(await titles('search=%25')).to.have.lengthOf(2)
    expect(await titles('path=elsewhere')).to.deep.equal([])
  })

  it('stops its own tasks with a session, and not a child that a client prompts', async () => {
    const parent = await start(
      always(/[^]*/u, reply(askPerson.question({ question: 'Q?', options: ['a'] }), text('ok'))),
    )
    const child = await createSession(impostor?.url ?? '', { parentID: parent })
    const answered = ask(child, 'go')
    const asked = await impostor?.events.next((each) => each.type === 'question.asked')
    await call('POST', `/session/${parent}/abort`)
    await call('POST', `/question/${String(asked?.properties['id'])}/reply`, { answers: [['a']] })
    await answered
    expect(await lastText(impostor?.url ?? '', child)).to.equal('ok')
  })

  it('tells the rules of a folder once, and counts forks of forks', async () => {
    const id = await start(
      reply(
        tool.read({ filePath: 'lib/x.txt' }),
        text('1'),
        tool.read({ filePath: 'lib/x.txt' }),
        text('2'),
      ),
      { files: { 'lib/x.txt': 'x\n', 'lib/AGENTS.md': '# Rules\n' } },
    )
    await ask(id, 'go')
    const loaded = (await tools(id)).map((part) => part.state?.metadata?.['loaded'])
    expect(loaded).to.deep.equal([['/workspace/lib/AGENTS.md'], []])
    const fork = (await call('POST', `/session/${id}/fork`, {})) as { id: string }
    const again = await call('POST', `/session/${fork.id}/fork`, {})
    expect(again).to.include({ title: 'test (fork #2)' })
  })

  it('takes tools away by the older switches of a configuration', async () => {
    const id = await start(reply(tool.write({ filePath: 'a.txt', content: 'a' }), text('no')), {
      config: { tools: { write: false } },
    })
    await ask(id, 'go')
    expect(JSON.stringify(await tools(id))).to.include("unavailable tool 'write'")
    expect(impostor?.readFile('a.txt')).to.equal(null)
  })

  it('says of every terminal that there is none, and does not take a word for the name of one', async () => {
    await start(ok)
    const url = impostor?.url ?? ''
    expect((await send(url, 'GET', '/pty/pty_x')).status).to.equal(404)
    expect((await send(url, 'GET', '/pty/shells')).status).to.equal(501)
    expect((await send(url, 'POST', '/mcp/x/connect')).status).to.equal(404)
  })
})
