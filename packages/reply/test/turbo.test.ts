import { expect } from 'chai'
import { describe, it } from 'mocha'
import { createTurboRenderer, html, trustedHtml } from '../src/turbo.js'
import { beginTurn } from './support/turn.js'

const attack = `"><script>alert('x')</script>`

describe('createTurboRenderer', () => {
  it('renders a page once and then what changed', () => {
    const turn = beginTurn()
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r' })
    expect(renderer.page()).to.include('id="r-parts"')
    const text = turn.write(turn.answer())
    text.grow('hi')
    expect(renderer.next()).to.equal(
      `<turbo-stream action="prepend" target="r-parts"><template><div id="r-${text.id}"><p>hi</p></div></template></turbo-stream>`,
    )
    expect(renderer.next()).to.equal('')
    text.grow('!')
    expect(renderer.next())
      .to.include(`action="replace" target="r-${text.id}"`)
      .and.to.include('<p>hi!</p>')
  })

  it('puts a part behind the one before it, and removes what is gone', () => {
    const turn = beginTurn()
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r' })
    const message = turn.answer()
    const first = turn.write(message)
    renderer.next()
    const second = turn.write(message)
    expect(renderer.next())
      .to.include(`action="after" target="r-${first.id}"`)
      .and.to.include(`id="r-${second.id}"`)
    turn.server.removePart(message, second.id)
    turn.hear()
    expect(renderer.next()).to.equal(
      `<turbo-stream action="remove" target="r-${second.id}"></turbo-stream>`,
    )
  })

  it('shows the asks that are open and the todo list in their own elements', () => {
    const turn = beginTurn()
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r' })
    renderer.page()
    turn.server.ask(turn.sessionId, null)
    turn.server.send('todo.updated', {
      sessionID: turn.sessionId,
      todos: [{ content: 'do it', status: 'pending' }],
    })
    turn.hear()
    const next = renderer.next()
    expect(next).to.match(/action="update" target="r-asks"><template><div data-ask="per_/)
    expect(next).to.include('target="r-todos"').and.to.include('do it')
  })

  it('escapes everything that the agent wrote', () => {
    const turn = beginTurn()
    const message = turn.answer()
    turn.write(message).end(attack)
    turn.write(message, 'reasoning').end(attack)
    turn.call(message, {
      status: 'completed',
      input: { command: attack },
      output: attack,
      title: attack,
    })
    turn.call(message, { status: 'completed', input: {}, output: '', title: attack }, attack)
    turn.server.putPart(message, { type: 'file', mime: attack, filename: attack, url: attack })
    turn.server.send('permission.asked', {
      id: attack,
      sessionID: turn.sessionId,
      permission: attack,
      patterns: [attack],
    })
    turn.hear()
    const renderer = createTurboRenderer(turn.reply)
    expect(renderer.next() + createTurboRenderer(turn.reply).page()).to.not.include('<script')
  })

  it('uses the templates of the host', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('a < b')
    const templates = {
      part: (part: { kind: string }) => html`<b>${part.kind}</b>${trustedHtml('<hr>')}`,
    }
    expect(createTurboRenderer(turn.reply, { templates }).page()).to.include('<b>text</b><hr>')
  })
})

describe('html', () => {
  it('escapes values and shows nothing for what is not there', () => {
    expect(html`<a title="${attack}">${null}${false}${[1, html`<i></i>`]}</a>`.html).to.equal(
      `<a title="&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;">1<i></i></a>`,
    )
  })
})
