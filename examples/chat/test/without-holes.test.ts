import type { ReplySource, ReplyView, TextPart } from '@turnstead/reply'
import { createReplyMirror } from '@turnstead/reply/changes'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { withoutHoles } from '../src/live/without-holes.js'

const text = (fields: Partial<TextPart>): TextPart => ({
  kind: 'text',
  id: 'prt_1',
  messageId: 'msg_1',
  sessionId: 'ses_1',
  provenance: 'server',
  text: '',
  final: false,
  lost: false,
  superseded: false,
  synthetic: false,
  gapped: false,
  summary: false,
  startedAt: null,
  endedAt: null,
  metadata: null,
  ...fields,
})

describe('withoutHoles', () => {
  const empty = createReplyMirror().view()
  const stage = () => {
    let view: ReplyView = empty
    let isOver = false
    const source: ReplySource = { ...createReplyMirror(), view: () => view }
    const whole = withoutHoles(source, () => isOver)
    const show = (...parts: readonly TextPart[]): readonly string[] => {
      view = { ...empty, revision: view.revision + 1, parts }
      return whole.view().parts.map((part) => (part.kind === 'text' ? part.text : ''))
    }
    const end = (): void => void (isOver = true)
    return { whole, show, end }
  }

  it('shows no text from its middle on, and all of it when it has ended', () => {
    const { show } = stage()
    expect(show(text({ text: 'the middle', gapped: true }))).to.deep.equal([''])
    expect(show(text({ text: 'the middle and more', gapped: true }))).to.deep.equal([''])
    const ended = text({ text: 'From the beginning to the end', final: true, gapped: true })
    expect(show(ended)).to.deep.equal(['From the beginning to the end'])
  })

  it('leaves a text as it was shown when pieces of it are missed', () => {
    const { show } = stage()
    expect(show(text({ text: 'The beginning' }))).to.deep.equal(['The beginning'])
    const gapped = text({ text: 'The beginning, and a hole', gapped: true })
    expect(show(gapped)).to.deep.equal(['The beginning'])
    const other = text({ id: 'prt_2', text: 'Another', gapped: false })
    expect(show(gapped, other)).to.deep.equal(['The beginning', 'Another'])
  })

  it('calls no text lost of which the end may have been missed, until it was written anew or the turn is over', () => {
    const { whole, show, end } = stage()
    const first = (): unknown =>
      whole.view().parts.map((part) => [Reflect.get(part, 'text'), Reflect.get(part, 'lost')])[0]
    show(text({ text: 'The beginning' }))
    const kept = text({ text: 'The beginning, and a hole', gapped: true, lost: true })
    show(kept)
    expect(first()).to.deep.equal(['The beginning', false])
    show({ ...kept, superseded: true })
    expect(first()).to.deep.equal(['The beginning, and a hole', true])
    show(kept)
    expect(first()).to.deep.equal(['The beginning', false])
    end()
    expect(first()).to.deep.equal(['The beginning, and a hole', true])
  })

  it('gives the same view as long as nothing changes', () => {
    const { whole, show } = stage()
    const gapped = text({ text: 'a hole', gapped: true })
    show(gapped)
    const view = whole.view()
    expect(whole.view()).to.equal(view)
    show(gapped)
    expect(whole.view().parts[0]).to.equal(view.parts[0])
  })
})
