import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { readRecordings, recordings } from '../laws/cassettes.js'
import { anyInput } from '../laws/junk.js'
import { createReply } from '../src/index.js'
import type { ToolPart } from '../src/index.js'
import { describeTool } from '../src/tool-display.js'
import type { ToolDisplay } from '../src/tool-display.js'
import { beginTurn } from './support/turn.js'

function recorded(name: string, tool: string): ToolDisplay {
  for (const { sessionId, promptIds, messages } of readRecordings(name)) {
    for (const promptId of promptIds) {
      const reply = createReply({ sessionId, promptId })
      reply.reconcile(messages)
      const part = reply.result().tools.find((each) => each.tool === tool)
      if (part !== undefined) return describeTool(part)
    }
  }
  throw new Error(`no ${tool} in ${name}`)
}

function call(tool: string, state: Record<string, unknown>): ToolPart {
  const turn = beginTurn()
  turn.call(turn.answer(), { input: {}, ...state }, tool)
  const [part] = turn.reply.result().tools
  if (part === undefined) throw new Error('no tool part')
  return part
}

describe('describeTool', () => {
  it('shows what a shell command wrote', () => {
    const { shell, title } = recorded('tool-bash-fail', 'bash')
    expect(shell?.exit).to.equal(3)
    expect(title).to.equal(`Ran ${shell?.command}`)
  })

  it('shows the file that was written, with its language', () => {
    const display = describeTool(
      call('write', { status: 'running', input: { filePath: 'src/a.ts', content: 'x' } }),
    )
    expect(display.file).to.deep.equal({ path: 'src/a.ts', content: 'x', language: 'typescript' })
    expect(display).to.include({
      title: 'Writing src/a.ts',
      titleAfter: 'Wrote src/a.ts',
      isRunning: true,
    })
  })

  it('shows the diff of edits and patches', () => {
    expect(recorded('tool-edit', 'edit').diff).to.match(/^Index|^---|@@/m)
    expect(recorded('tool-apply-patch', 'apply_patch').diff).to.be.a('string')
  })

  it('shows the beginning of what was read', () => {
    expect(recorded('tool-doom-loop', 'read').preview).to.be.a('string')
  })

  it('shows what is being done first', () => {
    const todos = ['pending', 'completed', 'odd', 'in-progress'].map((status) => ({
      content: status,
      status,
    }))
    const display = describeTool(call('todowrite', { status: 'running', input: { todos } }))
    expect(display.todos?.map(({ content }) => content)).to.deep.equal([
      'in-progress',
      'pending',
      'completed',
      'odd',
    ])
  })

  it('knows tools after the prefix of their server', () => {
    expect(
      describeTool(call('exa_web_search_exa', { status: 'running', input: { query: 'owls' } })),
    ).to.include({
      name: 'web_search_exa',
      provider: 'exa',
      title: 'Searching the web for owls',
    })
    expect(describeTool(call('tavily_extract_tavily', { status: 'running' }))).to.include({
      name: 'extract',
      provider: 'tavily',
    })
  })

  it('takes each thing from where the tool reports it', () => {
    const todos = [{ content: 'do it', status: 'pending', priority: null }]
    const shell = { command: 'ls', description: 'List', output: 'now', exit: null }
    const input = { command: 'ls', description: 'List' }
    const written = { path: '/w/a.py', content: 'x', language: 'python' }
    for (const [tool, state, expected] of [
      ['edit', { metadata: { diff: '@@' } }, { diff: '@@' }],
      ['grep', { metadata: { matches: 3 } }, { matches: 3 }],
      ['glob', { metadata: { count: 0 } }, { matches: 0 }],
      ['read', { metadata: { preview: 'a' } }, { preview: 'a', shell: null, file: null }],
      ['todoread', { metadata: { todos } }, { todos }],
      ['bash', { input, metadata: { output: 'now', stdout: 'no' }, output: 'no' }, { shell }],
      ['bash', { input, metadata: { stdout: 'now' }, output: 'no' }, { shell }],
      ['bash', { input, output: 'now' }, { shell }],
      [
        'write',
        { input: { filePath: 'a.py', content: 'x' }, metadata: { filepath: '/w/a.py' } },
        { file: written },
      ],
    ] as const) {
      const display = describeTool(call(tool, { status: 'completed', output: '', ...state }))
      expect(display).to.deep.include(expected)
    }
  })

  it('is done with what failed', () => {
    const display = describeTool(
      call('read', { status: 'error', input: { filePath: 'a' }, error: 'no such file' }),
    )
    expect(display).to.include({ isDone: true, title: 'Read a', error: 'no such file' })
  })

  it('falls back to the title of the server, then to a readable name', () => {
    expect(
      describeTool(call('draw_picture', { status: 'completed', output: '', title: 'A cat' })).title,
    ).to.equal('A cat')
    expect(describeTool(call('draw_picture', { status: 'pending' })).title).to.equal('Draw picture')
    expect(describeTool(call('constructor', { status: 'pending' })).provider).to.equal('unknown')
  })

  it('takes the tools of the host', () => {
    const tools = {
      draw: { noun: 'Picture', present: 'Drawing', past: 'Drew', icon: 'brush', target: ['what'] },
    }
    const part = call('draw', { status: 'completed', input: { what: 'a cat' }, output: '' })
    expect(describeTool(part, { tools })).to.include({ title: 'Drew a cat', icon: 'brush' })
  })

  it('has words for every tool of the recordings', () => {
    const unknown = new Set<string>()
    for (const { sessionId, promptIds, messages } of recordings()) {
      for (const promptId of promptIds) {
        const reply = createReply({ sessionId, promptId })
        reply.reconcile(messages)
        for (const part of reply.result().tools) {
          if (describeTool(part).provider === 'unknown') unknown.add(part.tool)
        }
      }
    }
    // The model made this one up.
    expect([...unknown]).to.deep.equal(['no_such_tool'])
  })

  it('has words for every tool of the server', () => {
    const url = new URL('../../testkit/cassettes/info.jsonl', import.meta.url)
    const lines = readFileSync(url, 'utf8').trim().split('\n')
    const messages = lines.map((line) => JSON.parse(line))
    const { n } = messages.find(({ path = '' }) => path.startsWith('/experimental/tool/ids'))
    const { body: ids } = messages.find((each) => each.dir === 'res' && each.n === n)
    expect(ids).to.include.members(['bash', 'task'])
    for (const id of ids)
      expect(describeTool(call(id, { status: 'pending' })).provider, id).to.equal('builtin')
  })

  it('says what is done before it is known to what', () => {
    for (const [tool, before, after] of [
      ['read', 'Reading', 'Read'],
      ['grep', 'Searching', 'Searched'],
      ['websearch', 'Searching the web', 'Searched the web'],
      ['apply_patch', 'Patching', 'Patched'],
      ['todoread', 'Reading the plan', 'Read the plan'],
    ] as const) {
      const { title, titleAfter } = describeTool(call(tool, { status: 'pending' }))
      expect([title, titleAfter]).to.deep.equal([before, after])
    }
  })

  it('says it in one short line, whatever the agent calls it', () => {
    const odd = 'a\r\nb\t\u2028c\u0000\u202ed'
    const command = describeTool(call('bash', { status: 'running', input: { command: odd } }))
    expect(command.title).to.equal('Running a b c d')
    expect(command.target).to.equal(odd)
    expect(describeTool(call('draw\npicture', { status: 'pending' })).title).to.equal(
      'Draw picture',
    )
    const long = describeTool(
      call('draw', { status: 'completed', output: '', title: '🙂'.repeat(1_000_000) }),
    )
    expect(long.title).to.equal(`${'🙂'.repeat(199)}…`)
  })

  it('takes the longest prefix, and the name of the host for it', () => {
    const part = call('exa_deep_search', { status: 'pending' })
    const display = describeTool(part, { prefixes: { exa_deep_: 'deep' } })
    expect(display).to.include({ name: 'search', provider: 'deep' })
    expect(describeTool(part, { prefixes: { exa_: 'ours' } })).to.include({ provider: 'ours' })
    expect(describeTool(call('exa_', { status: 'pending' })).name).to.equal('exa_')
  })

  it('shows nothing that is not seen, and takes nothing unseen for a target', () => {
    const hidden = '\u{e0041}\u00ad\u3164\u180b'
    const titled = call('draw', { status: 'completed', output: '', title: `re${hidden}port` })
    expect(describeTool(titled).title).to.equal('report')
    const unseen = call('bash', { status: 'running', input: { command: hidden } })
    expect(describeTool(unseen).target).to.equal(null)
    const family = call('draw', {
      status: 'completed',
      output: '',
      title: '👨\u200d👩\u200d👧 ❤\ufe0f',
    })
    expect(describeTool(family).title).to.equal('👨\u200d👩\u200d👧 ❤\ufe0f')
  })

  it('says of an interrupted call what it was at, and that it is over', () => {
    const turn = beginTurn()
    turn.call(turn.answer(), { status: 'running', input: { command: 'make' } })
    turn.reply.close()
    const [part] = turn.reply.result().tools
    expect(part && describeTool(part)).to.include({
      status: 'interrupted',
      title: 'Running make',
      isRunning: false,
      isDone: true,
    })
  })

  it('gives what is worth reading of the input in full, and what came out', () => {
    const edit = { filePath: '/w/a', oldString: 'a', newString: 'b' }
    const running = { status: 'running', input: { command: 'ls' }, metadata: { output: 'so far' } }
    expect(describeTool(call('edit', { status: 'running', input: edit })).fields).to.deep.equal([
      { label: 'Before', text: 'a' },
      { label: 'After', text: 'b' },
    ])
    expect(describeTool(call('bash', running))).to.deep.include({
      fields: [{ label: 'Command', text: 'ls' }],
      output: 'so far',
    })
    const unknown = { status: 'completed', input: { x: [1] }, output: 'done' }
    expect(describeTool(call('draw', unknown))).to.deep.include({
      fields: [{ label: 'Input', text: '{\n  "x": [\n    1\n  ]\n}' }],
      output: 'done',
    })
    expect(describeTool(call('draw', { status: 'pending', input: {} })).fields).to.deep.equal([])
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), anyInput, anyInput, (tool, input, metadata) => {
        describeTool(call(tool, { status: 'completed', input, metadata, title: metadata }))
      }),
      { numRuns: 200 },
    )
  })
})
