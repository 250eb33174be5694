import type { Ask, PermissionAsk, QuestionAsk } from '@turnstead/reply'
import { on, reply, text, tool } from '@turnstead/testkit'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { asksByRules, type AskRules, runTurn } from '../src/index.js'
import { openRig } from './support/rig.js'

const identity = {
  id: 'per_1',
  state: 'open',
  sessionId: 'ses_1',
  messageId: null,
  callId: null,
  askedAt: 1,
  answeredAt: null,
} as const

const permission = (
  name: string,
  patterns: readonly string[],
  metadata: PermissionAsk['metadata'] = null,
): PermissionAsk => ({
  ...identity,
  kind: 'permission',
  permission: name,
  patterns,
  always: [],
  metadata,
  reply: null,
})
const bash = (line: string, ...commands: string[]): PermissionAsk =>
  permission('bash', commands.length === 0 ? [line] : commands, { command: line })
const question: QuestionAsk = { ...identity, kind: 'question', questions: [], answers: [] }

const rules: AskRules = {
  rules: [
    { name: 'docs', tool: 'write', path: 'docs/*', action: 'allow' },
    { tool: 'bash', command: 'git *', action: 'allow' },
    { name: 'no push', command: 'git push *', action: 'reject', message: 'Do not push.' },
    { name: 'web', permission: 'web*', action: 'wait' },
    { name: 'secrets', path: '*.env', action: 'reject' },
  ],
}

const table: readonly (readonly [string, Ask, string, string])[] = [
  ['a path in the folder', permission('edit', ['docs/a/b.md']), 'allow', 'docs'],
  ['a path beside it', permission('edit', ['src/a.ts']), 'reject', 'default'],
  ['a path in it, of another permission', permission('read', ['docs/a.md']), 'reject', 'default'],
  ['the last rule that holds', permission('edit', ['docs/.env']), 'reject', 'secrets'],
  ['two paths, one of them not allowed', permission('edit', ['docs/a', 'b']), 'reject', 'default'],
  ['two paths that are allowed', permission('edit', ['docs/a', 'docs/b']), 'allow', 'docs'],
  ['no path at all', permission('edit', []), 'reject', 'default'],
  ['a command, by the number of its rule', bash('git status'), 'allow', '1'],
  ['a command without arguments', bash('git'), 'allow', '1'],
  ['a command that begins like it', bash('gitk'), 'reject', 'default'],
  ['a command that a later rule rejects', bash('git push origin'), 'reject', 'no push'],
  ['a line of two commands', bash('git a && rm b', 'git a', 'rm b'), 'reject', 'default'],
  ['a line of two that are allowed', bash('git a; git b', 'git a', 'git b'), 'allow', '1'],
  ['a line that writes a file', bash('git log > x', 'git log'), 'reject', 'default'],
  ['a line that runs another', bash('git log $(rm x)', 'git log'), 'reject', 'default'],
  ['a line with backquotes', bash('git log `rm x`', 'git log'), 'reject', 'default'],
  ['a rejected line that writes, too', bash('git push > x', 'git push'), 'reject', 'no push'],
  ['a permission by a pattern', permission('webfetch', ['https://a/']), 'wait', 'web'],
  ['a question', question, 'reject', 'default'],
]

describe('asksByRules', () => {
  for (const [what, ask, action, rule] of table) {
    it(`decides ${what}: ${action} by ${rule}`, async () => {
      expect(await asksByRules(rules)(ask)).to.include({ action, rule })
    })
  }

  it('tells the agent why', async () => {
    expect(await asksByRules(rules)(bash('git push'))).to.include({ message: 'Do not push.' })
  })

  it('never allows a question, and lets a rule leave it to a person', async () => {
    const open: AskRules = { rules: [{ action: 'allow' }], default: 'allow' }
    expect(await asksByRules(open)(question)).to.deep.equal({ action: 'reject', rule: 'default' })
    expect(await asksByRules(open)(permission('task', ['x']))).to.include({ action: 'allow' })
    const person: AskRules = { rules: [{ name: 'ask', tool: 'question', action: 'wait' }] }
    expect(await asksByRules(person)(question)).to.deep.equal({ action: 'wait', rule: 'ask' })
  })

  it('gives a person the time that was stated', async () => {
    const decision = await asksByRules({ rules: [], default: 'wait', deadlineMs: 90 })(question)
    expect(decision).to.deep.equal({
      action: 'wait',
      rule: 'default',
      forMs: 90,
      otherwise: { action: 'reject', message: 'No one answered in time.', rule: 'deadline' },
    })
  })

  for (const [what, wrong] of [
    ['an action that is none', { rules: [{ action: 'deny' }] }],
    ['a misspelled pattern', { rules: [{ action: 'allow', paths: '*' }] }],
    ['an empty pattern', { rules: [{ action: 'allow', path: '' }] }],
    ['a rule for nothing', { rules: [{ action: 'allow', path: '*', command: '*' }] }],
    ['a default that is none', { rules: [], default: 'ask' }],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => asksByRules(wrong as unknown as AskRules)).to.throw(TypeError)
    })
  }

  it('refuses a time that is none', () => {
    expect(() => asksByRules({ rules: [], deadlineMs: 0 })).to.throw(RangeError)
  })

  it('decides a turn without a person, and each decision is in the row with its rule', async () => {
    const write = (filePath: string) => tool.write({ filePath, content: 'x' })
    const rig = await openRig(on('Hello', reply(write('a.txt'), write('b.txt'), text('Done.'))))
    try {
      const turnId = await rig.rows.addMessage()
      const asks = asksByRules({
        rules: [
          { name: 'writing', tool: 'write', action: 'allow' },
          { name: 'not b', path: '*b.txt', action: 'reject', message: 'Not b.' },
        ],
      })
      const session = { permission: [{ permission: 'edit', pattern: '*', action: 'ask' }] } as const
      const result = await runTurn(
        rig.options(turnId, 'Hello', { asks, session: { permission: [...session.permission] } }),
      )
      expect(result.status).to.equal('completed')
      expect(rig.impostor.readFile('a.txt')).to.equal('x')
      expect(rig.impostor.readFile('b.txt')).to.equal(null)
      const turn = await rig.rows.store.read(turnId)
      expect(
        turn?.asks.map(({ answeredBy, rule, decision }) => [answeredBy, rule, decision?.action]),
      ).to.deep.equal([
        ['policy', 'writing', 'allow'],
        ['policy', 'not b', 'reject'],
      ])
    } finally {
      await rig.close()
    }
  })
})
