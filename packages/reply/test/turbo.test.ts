import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { deliver, deliveries, pollAll } from '../laws/delivery.js'
import { histories } from '../laws/history.js'
import { createReply } from '../src/index.js'
import type { ReplyPart } from '../src/index.js'
import { createTurboRenderer, html, trustedHtml, turboStream } from '../src/turbo.js'
import type { Html, PartContext } from '../src/turbo.js'
import { beginTurn } from './support/turn.js'

const numRuns = Number(process.env['TEST_RUNS'] ?? 60)
const attack = `"><script>alert('x')</script>`

/** What a page shows: the parts in order, and the sections after them, as `[element id, content]`. */
interface Page {
  readonly parts: [id: string, content: string][]
  readonly sections: Map<string, string>
}

function readPage(page: string): Page {
  const [, inside = '', behind = ''] =
    /id="r-parts">(.*)<\/div>(<div id="r-asks">.*)<\/div>/s.exec(page) ?? []
  const elements = (text: string): [string, string][] =>
    [...text.matchAll(/<div id="([^"]*)">(.*?)<\/div>/gs)].map(([, id = '', content = '']) => [
      id,
      content,
    ])
  return { parts: elements(inside), sections: new Map(elements(behind)) }
}

/** What Turbo does in a browser. An element whose target is missing is an error. */
function applyActions({ parts, sections }: Page, actions: string): void {
  const pattern = /<turbo-stream action="(\w+)" target="([^"]*)">(.*?)<\/turbo-stream>/gs
  for (const [, name, target = '', inside = ''] of actions.matchAll(pattern)) {
    const index = parts.findIndex(([id]) => id === target)
    const isThere = name === 'prepend' ? target === 'r-parts' : sections.has(target) || index > -1
    expect(isThere, `${name} ${target}`).to.equal(true)
    const content = inside.slice('<template>'.length, -'</template>'.length)
    const [, id = '', text = ''] = /<div id="([^"]*)">(.*)<\/div>/s.exec(content) ?? []
    if (name === 'update') sections.set(target, content)
    if (name === 'remove') parts.splice(index, 1)
    if (name === 'replace') parts.splice(index, 1, [id, text])
    if (name === 'prepend') parts.unshift([id, text])
    if (name === 'after') parts.splice(index + 1, 0, [id, text])
  }
}

describe('createTurboRenderer', () => {
  it('brings a page to what a new page would be', () => {
    const show = (value: unknown): Html => html`<p>${JSON.stringify(value).length}</p>`
    const part = (each: ReplyPart, { subAgents }: PartContext): Html => show([each, subAgents])
    const templates = { part, asks: show, todos: show }
    fc.assert(
      fc.property(deliveries(histories), fc.nat({ max: 5 }), (delivery, rhythm) => {
        const { sessionId, promptId, polls } = delivery.history
        const reply = createReply({ sessionId, promptId })
        const renderer = createTurboRenderer(reply, { prefix: 'r', templates })
        const page = readPage(renderer.page())
        let step = 0
        deliver(reply, delivery, () => {
          step += 1
          if (step % (rhythm + 1) === 0) applyActions(page, renderer.next())
        })
        pollAll(reply, polls.at(-1))
        applyActions(page, renderer.next())
        const fresh = createTurboRenderer(reply, { prefix: 'r', templates })
        expect(page).to.deep.equal(readPage(fresh.page()))
      }),
      { numRuns },
    )
  })

  it('shows again what a template of the host failed to show', () => {
    const turn = beginTurn()
    let isBroken = true
    const part = (): Html => {
      if (isBroken) throw new Error('no')
      return html`fine`
    }
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r', templates: { part } })
    turn.write(turn.answer()).end('hi')
    expect(() => renderer.next()).to.throw('no')
    isBroken = false
    expect(renderer.next()).to.include('fine')
  })

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

  it('puts a part after the one before it, and removes what is gone', () => {
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

  it('moves what stands elsewhere now', () => {
    const turn = beginTurn()
    const part = ({ kind }: ReplyPart): Html => html`<p>${kind}</p>`
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r', templates: { part } })
    const todos = [{ content: 'do it', status: 'pending' }]
    turn.server.send('todo.updated', { sessionID: turn.sessionId, todos })
    const message = turn.answer()
    const texts = [turn.write(message), turn.write(message)]
    for (const text of texts) text.end('said')
    const said = texts.map(({ id }) => `r-${id}`)
    turn.hear()
    const page = readPage(renderer.page())
    const listed = `r-todos:${turn.sessionId}`
    expect(page.parts.map(([id]) => id)).to.deep.equal([listed, ...said])
    // A call shows the list, and is gone again before anyone looks.
    const call = turn.call(message, { status: 'running', input: { todos } }, 'todowrite')
    turn.server.removePart(message, call)
    turn.hear()
    const next = renderer.next()
    expect(next.match(/action="remove" target="[^"]*"/g)).to.deep.equal([
      `action="remove" target="${listed}"`,
    ])
    applyActions(page, next)
    expect(page.parts.map(([id]) => id)).to.deep.equal([...said, listed])
    expect(renderer.next()).to.equal('')
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

  it('escapes the ids of its elements', () => {
    const turn = beginTurn()
    const renderer = createTurboRenderer(turn.reply, { prefix: attack })
    const message = turn.answer()
    const pages = [renderer.page()]
    for (const text of ['a', 'b']) {
      turn.write(message).end(text)
      pages.push(renderer.next())
    }
    expect(pages.join('')).to.not.include('<script')
  })

  it('shows no text that the server wrote, no summary, and no empty list', () => {
    const turn = beginTurn()
    const summary = turn.answer()
    turn.server.patchMessage(summary, { summary: true })
    turn.write(summary).end('from the server')
    turn.write(summary, 'reasoning').end('from the server')
    const text = {
      type: 'text',
      text: 'from the server',
      synthetic: true,
      time: { start: 1, end: 2 },
    }
    turn.server.putPart(turn.answer(), text)
    turn.hear()
    const page = createTurboRenderer(turn.reply).page()
    expect(page).to.not.include('from the server').and.to.not.include('<ul')
  })

  it('uses the templates of the host', () => {
    const turn = beginTurn()
    turn.write(turn.answer()).end('a < b')
    const templates = {
      part: (part: { kind: string }) => html`<b>${part.kind}</b>${trustedHtml('<hr>')}`,
    }
    expect(createTurboRenderer(turn.reply, { templates }).page()).to.include('<b>text</b><hr>')
  })

  it('changes a growing text in place, and renders it whole at its end', () => {
    const turn = beginTurn()
    const renderText = (source: string): Html => html`<i>${source}</i>`
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r', renderText })
    renderer.page()
    const text = turn.write(turn.answer())
    text.grow('One.\n\nTwo')
    const id = `r-${text.id}`
    expect(renderer.next()).to.include(`id="${id}-text-tail"`).and.to.include('action="prepend"')
    text.grow(' and\n')
    const grown = renderer.next()
    expect(grown).to.include(`action="append" target="${id}-text-blocks"`)
    expect(grown).to.include(`action="update" target="${id}-text-tail"`)
    expect(grown).to.not.include('replace')
    const page = createTurboRenderer(turn.reply, { prefix: 'r', renderText }).page()
    expect(renderer.page()).to.equal(page)
    text.grow('more')
    expect(renderer.next()).to.include(`target="${id}-text-tail"`).and.to.not.include('replace')
    text.end('One.\n\nTwo and\nmore')
    expect(renderer.next()).to.equal(
      String(
        html`<turbo-stream action="replace" target="${id}"><template><div id="${id}"><i>${'One.\n\nTwo and\nmore'}</i></div></template></turbo-stream>`,
      ),
    )
  })

  it('replaces a growing text that its template left out before, or failed to show', () => {
    const turn = beginTurn()
    let isBroken = false
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      renderText: (source) => html`<i>${source}</i>`,
      templates: {
        part(part, { content }) {
          if (isBroken) throw new Error('no')
          return 'text' in part && part.text.trim() !== '' ? content : html`<hr />`
        },
      },
    })
    const text = turn.write(turn.answer())
    renderer.next()
    text.grow('a')
    expect(renderer.next()).to.include('action="replace"')
    text.grow('b')
    expect(renderer.next()).to.include('action="update"')
    isBroken = true
    turn.write(turn.answer()).grow('c')
    expect(() => renderer.next()).to.throw('no')
    isBroken = false
    text.grow('d')
    expect(renderer.next()).to.include('<i>abd</i>')
  })

  it('brings a part up to date in the way of the host', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: {
        partUpdate: (part, { elementId }) =>
          part.kind === 'tool' ? turboStream('update', `${elementId}-state`, part.status) : null,
      },
    })
    const call = turn.call(message, { status: 'running', input: {} })
    expect(renderer.next()).to.include('action="prepend"')
    turn.call(message, { status: 'completed', input: {}, output: '' }, 'bash', call)
    expect(renderer.next()).to.equal(String(turboStream('update', `r-${call}-state`, 'completed')))
  })

  it('makes no element for a part that shows nothing, until it does', () => {
    const turn = beginTurn()
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: {
        part: (part) => ('text' in part && part.text !== '' ? html`${part.text}` : null),
      },
    })
    const message = turn.answer()
    const first = turn.write(message)
    const second = turn.write(message)
    second.end('b')
    expect(renderer.next()).to.include('action="prepend"').and.to.include(`r-${second.id}`)
    first.end('a')
    expect(renderer.next()).to.include('action="prepend"').and.to.include(`r-${first.id}`)
    turn.server.putPart(message, { id: first.id, type: 'text', text: '', time: { end: 2 } })
    turn.hear()
    expect(renderer.next()).to.equal(String(turboStream('remove', `r-${first.id}`)))
    expect(renderer.page()).to.not.include(`r-${first.id}`)
  })

  it('gives its pieces to a layout of the host and goes on from there', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const text = turn.write(message)
    text.end('a')
    turn.server.ask(turn.sessionId, null)
    turn.hear()
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r' })
    const pieces = renderer.pieces()
    expect(String(pieces.parts)).to.include(`<div id="r-${text.id}"><p>a</p></div>`)
    expect(String(pieces.asks)).to.include('data-ask')
    expect([String(pieces.todos), String(pieces.status)]).to.deep.equal(['', ''])
    expect(renderer.next()).to.equal('')
    turn.write(message)
    expect(renderer.next()).to.include('action="after"')
  })

  it('lets asks come and go one by one with a template for each, and names their call', () => {
    const turn = beginTurn()
    const message = turn.answer()
    const call = turn.call(message, { status: 'running', input: {} })
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: { ask: (ask, context) => html`<b>${ask.kind} of ${context.call?.id}</b>` },
    })
    expect(renderer.page()).to.include('<div id="r-asks"></div>')
    const first = turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
    turn.hear()
    const asked = renderer.next()
    expect(asked).to.include('action="append" target="r-asks"')
    expect(asked).to.include(`<div id="r-ask-${first}"><b>permission of ${call}</b></div>`)
    expect(renderer.page()).to.include(`id="r-ask-${first}"`)
    turn.server.ask(turn.sessionId, null)
    turn.server.answer(turn.sessionId, first, 'once')
    turn.hear()
    const next = renderer.next()
    expect(next).to.include(`action="remove" target="r-ask-${first}"`)
    expect(next).to.include('permission of ')
  })

  it('names the call of an ask by its message, too: a model may give two of them one id', () => {
    const turn = beginTurn()
    const earlier = turn.answer()
    turn.call(earlier, { status: 'completed', input: {}, output: '' })
    turn.complete(earlier, { finish: 'tool-calls' })
    const message = turn.answer()
    const call = turn.call(message, { status: 'running', input: {} })
    const renderer = createTurboRenderer(turn.reply, {
      prefix: 'r',
      templates: { ask: (_, context) => html`<b>${context.call?.id}</b>` },
    })
    turn.server.ask(turn.sessionId, { messageID: message, callID: 'call_1' })
    turn.hear()
    expect(renderer.page()).to.include(`<b>${call}</b>`)
  })

  it('shows a status of the host again when it changed, whatever the reply did', () => {
    const turn = beginTurn()
    let word = 'calm'
    const templates = { status: () => html`${word}` }
    const renderer = createTurboRenderer(turn.reply, { prefix: 'r', templates })
    renderer.page()
    expect(renderer.next()).to.equal('')
    word = 'worried'
    expect(renderer.next()).to.equal(String(turboStream('update', 'r-status', 'worried')))
  })
})

describe('html', () => {
  it('takes nothing for HTML that was not made here', () => {
    const forged = JSON.parse('{"html":"<script>"}')
    expect(String(html`<p>${forged}</p>`)).to.not.include('<script>')
    const turn = beginTurn()
    turn.write(turn.answer()).end('hi')
    for (const name of ['part', 'asks', 'todos', 'status']) {
      const renderer = createTurboRenderer(turn.reply, { templates: { [name]: () => forged } })
      expect(renderer.page() + renderer.next(), name).to.not.include('<script>')
    }
  })

  it('escapes values and shows nothing for what is not there', () => {
    expect(String(html`<a title="${attack}">${null}${false}${[1, html`<i></i>`]}</a>`)).to.equal(
      `<a title="&#34;&#62;&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;">1<i></i></a>`,
    )
  })
})
