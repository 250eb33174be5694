import type { SubAgent, ToolPart } from '@turnstead/reply'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { ansiText } from '../src/views/text/ansi.js'
import { toolPart } from '../src/views/tools/tool.js'
import { stateOf } from '../src/views/tools/tool-state.js'

const base: ToolPart = {
  kind: 'tool',
  id: 'prt_1',
  messageId: 'msg_1',
  sessionId: 'ses_1',
  provenance: 'server',
  callId: 'call_1',
  tool: 'bash',
  status: 'completed',
  input: {},
  output: '',
  title: null,
  metadata: null,
  error: null,
  attachments: [],
  asks: [],
  childSessionId: null,
  startedAt: null,
  endedAt: null,
}

const part = (fields: Partial<ToolPart>): ToolPart => ({ ...base, ...fields })
const show = (fields: Partial<ToolPart>, subAgents: readonly SubAgent[] = []): string =>
  String(toolPart(part(fields), { elementId: 'p', subAgents }))
const textOf = (markup: string): string =>
  markup
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()

describe('a tool call as people read it', () => {
  it('shows an edit as the lines that came and went, without naming the file again', () => {
    const diff = 'Index: a.ts\n=====\n--- a.ts\n+++ a.ts\n@@ -1,2 +1,2 @@\n same\n-old <b>\n+new\n'
    const shown = show({ tool: 'edit', input: { filePath: 'a.ts' }, metadata: { diff } })
    expect(shown).to.contain('<span class="line added">+new')
    expect(shown).to.contain('<span class="line removed">-old &#60;b&#62;')
    expect(textOf(shown)).to.contain('+1 −1').and.not.contain('Index')
  })

  it('shows a plan as a checklist that says how far it is', () => {
    const todos = [
      { content: 'First', status: 'completed', priority: 'high' },
      { content: 'Second', status: 'in_progress', priority: 'high' },
    ]
    const shown = show({ tool: 'todowrite', input: { todos } })
    expect(textOf(shown)).to.contain('1 of 2 done').and.not.contain('{')
    expect(shown).to.match(/aria-label="Done:"[^>]*><\/span>\s*<span dir="auto">First/)
    expect(shown).to.contain('aria-label="In progress:"')
  })

  it('shows a command with the colours of its output, and what it ended with', () => {
    const output = 'a \u001B[1;31mred\u001B[0m word\n'
    const shown = show({
      input: { command: 'npm test', description: 'Run the tests' },
      metadata: { output, exit: 2 },
    })
    expect(shown).to.contain('<span class="ansi-bold ansi-red">red</span> word')
    expect(textOf(shown)).to.contain('Exit code 2').and.contain('Failed').and.not.contain('Done')
  })

  it('says of a command that was stopped, or took too long, that it was', () => {
    const stopped = part({
      input: { command: 'sleep 9' },
      output: 'x\n\n<shell_metadata>\nUser aborted the command\n</shell_metadata>',
    })
    expect(stateOf(stopped)).to.equal('stopped')
    const shown = textOf(String(toolPart(stopped, { elementId: 'p', subAgents: [] })))
    expect(shown).to.contain('It was stopped here.').and.not.contain('metadata')
    expect(shown).to.contain('Stopped').and.not.contain('Done')
    expect(stateOf(part({ metadata: { output: 'x', exit: null } }))).to.equal('stopped')
    expect(stateOf(part({ metadata: { output: 'x', exit: 0 } }))).to.equal('done')
    const interrupted = part({ tool: 'read', status: 'error', metadata: { interrupted: true } })
    expect(stateOf(interrupted)).to.equal('stopped')
  })

  it('shows what was asked, what could be chosen, and what was', () => {
    const shown = show({
      tool: 'question',
      input: {
        questions: [{ question: 'Which?', options: [{ label: 'Red' }, { label: 'Blue' }] }],
      },
      metadata: { answers: [['Blue', 'or <i>both</i>']] },
      output: 'User has answered your questions: "Which?"="Blue"',
    })
    expect(textOf(shown)).to.contain('Which?').and.not.contain('User has answered')
    expect(shown).to.match(/data-chosen="true"[^>]*>\s*<span[^>]*>Chosen:<\/span>\s*Blue/)
    expect(shown).to.match(/data-chosen="false"[^>]*>\s*Red/)
    expect(shown).to.contain('or &#60;i&#62;both')
  })

  it('leaves an open question to the card that asks it, and says of each call that it waits for the reader', () => {
    const questions = [{ question: 'Which?', options: [{ label: 'Red' }] }]
    const running = show({ tool: 'question', status: 'running', input: { questions } })
    expect(running).to.match(/<details class="tool" id="p-call" ?>/)
    const [summary = ''] = /<summary[^]*<\/summary>/.exec(running) ?? []
    expect(summary).to.not.contain('Which?')
    const open = {
      kind: 'permission' as const,
      id: 'per_1',
      state: 'open' as const,
      sessionId: 'ses_1',
      messageId: null,
      callId: 'call_1',
      askedAt: null,
      answeredAt: null,
      permission: 'bash',
      patterns: [],
      always: [],
      metadata: null,
      reply: null,
    }
    const asking = show({ status: 'running', input: { command: 'date' }, asks: [open] })
    expect(textOf(asking)).to.contain('Waiting for you').and.not.contain('Running')
  })

  it('shows the steps of a sub-agent inside its call, and those of its own sub-agents', () => {
    const agent = (id: string, toolPartId: string, parts: SubAgent['parts']): SubAgent => ({
      sessionId: id,
      parentSessionId: 'ses_1',
      toolPartId,
      title: null,
      agent: null,
      status: 'idle',
      parts,
      cost: 0,
      tokens: { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
    })
    const read = part({ id: 'prt_2', tool: 'read', input: { filePath: 'deep.ts' } })
    const inner = part({ id: 'prt_3', tool: 'task', childSessionId: 'ses_3' })
    const shown = show({ tool: 'task', input: { prompt: 'Look' }, childSessionId: 'ses_2' }, [
      agent('ses_2', 'prt_1', [inner]),
      agent('ses_3', 'prt_3', [read]),
    ])
    expect(shown.match(/class="steps"/g)).to.have.lengthOf(2)
    expect(textOf(shown)).to.contain('Look').and.contain('deep.ts')
    const ids = [...shown.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
    expect(new Set(ids).size, 'every id is there once').to.equal(ids.length)
  })

  it('names the last steps of a sub-agent while it works, since all of it is sent with each', () => {
    const parts = Array.from({ length: 50 }, (_, index) =>
      part({
        id: `prt_s${index}`,
        input: { command: `step ${index}` },
        metadata: { output: 'x'.repeat(9_000), exit: 0 },
      }),
    )
    const agent = {
      ...{ sessionId: 'ses_2', parentSessionId: 'ses_1', toolPartId: 'prt_1', title: null },
      ...{ agent: null, status: 'busy' as const, parts, cost: 0 },
      tokens: { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 },
    }
    const task = { tool: 'task', childSessionId: 'ses_2' }
    const working = show({ ...task, status: 'running' }, [agent])
    expect(textOf(working))
      .to.contain('30 earlier steps')
      .and.contain('step 49')
      .and.not.contain('step 29')
    expect(working.length).to.be.lessThan(20_000)
    const done = show({ ...task, status: 'completed' }, [agent])
    expect(textOf(done)).to.contain('step 0').and.contain('xxx')
  })

  it('shows a sub-agent’s answer without what OpenCode puts around it, where its steps are not known', () => {
    const output =
      '<task id="ses_9" state="completed">\n<task_result>\nFound.\n</task_result>\n</task>'
    const shown = textOf(show({ tool: 'task', childSessionId: 'ses_9', output }))
    expect(shown).to.contain('Found.').and.not.contain('task_result')
  })

  it('folds a long output, and shows all of a short one', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, index) => `line ${index}`).join('\n')
    const input = { command: 'seq' }
    const long = show({ input, metadata: { output: lines(100), exit: 0 } })
    expect(textOf(long)).to.contain('76 more lines').and.contain('line 99')
    const short = show({ input, metadata: { output: lines(26), exit: 0 } })
    expect(short).to.not.contain('more lines')
  })

  it('shows a picture that a tool read, and names what is none or not there any more', () => {
    const file = { id: null, filename: 'a.png', size: 3 }
    const url = 'data:image/png;base64,AAAA'
    const pictures = [{ ...file, mime: 'image/png', url }]
    expect(show({ tool: 'read', attachments: pictures })).to.contain(
      `<img class="seen" src="${url}"`,
    )
    const fetched = String(
      toolPart(part({ tool: 'read', attachments: [{ ...file, mime: 'image/png', url: null }] }), {
        elementId: 'p',
        subAgents: [],
        picturesAt: '/messages/7/pictures',
      }),
    )
    expect(fetched).to.contain('src="/messages/7/pictures/prt_1/0"')
    for (const other of [null, 'data:image/svg+xml;base64,AAAA', 'https://evil.example/a.png']) {
      const named = show({
        tool: 'read',
        attachments: [{ ...file, mime: 'image/png', url: other }],
      })
      expect(named).to.contain('a.png, 3 B').and.not.contain('<img')
    }
  })
})

describe('ansiText', () => {
  it('takes 256 colours, resets, and what was written over', () => {
    expect(String(ansiText('\u001B[38;5;2mgreen\u001B[39m plain'))).to.equal(
      '<span class="ansi-green">green</span> plain',
    )
    expect(String(ansiText('\u001B[38;2;1;2;3mtrue\u001B[1mbold\u001B[22mnot'))).to.equal(
      'true<span class="ansi-bold">bold</span>not',
    )
    expect(String(ansiText('10%\r100%\r\ndone'))).to.equal('100%\ndone')
  })

  it('shows no other sequence, and no markup', () => {
    const output = '\u001B]0;title\u0007\u001B[2K\u001B[?25l<b>x</b>\u001B(B'
    expect(String(ansiText(output)))
      .to.match(/^&#60;b&#62;x&#60;\/b&#62;/)
      .and.not.contain('title')
  })
})
