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

  it('knows tools behind the prefix of their server', () => {
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

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), anyInput, anyInput, (tool, input, metadata) => {
        describeTool(call(tool, { status: 'completed', input, metadata, title: metadata }))
      }),
      { numRuns: 200 },
    )
  })
})
