import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createTurboRenderer, html } from '../src/turbo.js'
import type { Html, TurboTemplates } from '../src/turbo.js'
import { beginTurn } from './support/turn.js'

describe('createTurboRenderer with templates that look at more than the part', () => {
  it('gives a call the sub-agents below it, and shows it again when one of them does something', () => {
    const turn = beginTurn()
    const { server } = turn
    const shown: string[][] = []
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: {
        part(part, { subAgents }) {
          if (part.kind !== 'tool') return null
          shown.push(subAgents.map(({ parts }) => `${parts.map(({ kind }) => kind).join()}`))
          return html`${part.tool}`
        },
      },
    })
    const child = server.openSession(turn.sessionId, 'Look (@a subagent)', 'a')
    const state = { status: 'running', input: {}, metadata: { sessionId: child } }
    turn.call(turn.answer(), state, 'task')
    renderer.next()
    expect(renderer.next()).to.equal('')
    const message = server.addMessage(child, { role: 'assistant', parentID: 'msg_x', cost: 1 })
    turn.write(message).end('Found.')
    const changes = renderer.next()
    expect(changes).to.include('task').and.not.include('Found.')
    expect(shown).to.deep.equal([[''], ['text']])
    expect(renderer.next()).to.equal('')
  })

  it('shows a call again when more is known of the sub-agent below it', () => {
    const turn = beginTurn()
    const { server } = turn
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: {
        part: (_part, { subAgents }) => html`${subAgents.map(({ title }) => title ?? 'untitled')}`,
      },
    })
    const child = server.openSession(turn.sessionId, 'Look (@a subagent)', 'a')
    turn.call(
      turn.answer(),
      { status: 'running', input: {}, metadata: { sessionId: child } },
      'task',
    )
    expect(renderer.next()).to.include('Look (@a subagent)')
    const info = { id: child, parentID: turn.sessionId, title: 'Read on', time: { created: 1 } }
    server.send('session.updated', { sessionID: child, info })
    turn.hear()
    expect(renderer.next()).to.include('Read on')
    expect(renderer.next()).to.equal('')
  })

  it('leaves the blocks of a long text at its end, unless something else of its part differs', () => {
    const renderText = (source: string): Html => html`<p>${source}</p>`
    const endsWith = (template: TurboTemplates['part']): string => {
      const turn = beginTurn()
      const renderer = createTurboRenderer(turn.reply, {
        prefix: 'r',
        renderText,
        templates: { part: template },
      })
      const text = turn.write(turn.answer())
      const written = `${'word '.repeat(50)}\n\n`.repeat(100)
      text.grow(written)
      renderer.next()
      text.end(`${written}The end.`)
      return renderer.next()
    }
    const whole = endsWith((_part, { content }) => html`<div>${content}</div>`)
    expect(whole).to.contain('The end.').and.not.contain('action="replace"')
    expect(whole.length).to.be.lessThan(2_000)
    const marked = endsWith(
      (part, { content }) => html`${'final' in part && part.final && 'Final'}${content}`,
    )
    expect(marked).to.contain('action="replace"').and.contain('Final')
  })
})
