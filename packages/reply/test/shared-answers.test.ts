import { expect } from 'chai'
import { describe, it } from 'mocha'
import { continuation } from '../laws/server-data.js'
import { createReply } from '../src/index.js'
import type { Reply } from '../src/index.js'
import { beginTurn } from './support/turn.js'
import type { Turn } from './support/turn.js'

/** Another prompt in the same session. */
function ask(turn: Turn, part: Record<string, unknown> = {}): string {
  const { server, sessionId } = turn
  const id = server.addMessage(sessionId, { role: 'user' })
  server.putPart(id, { type: 'text', text: 'and this', ...part })
  turn.hear()
  return id
}

function answerTo(turn: Turn, prompt: string, text: string, patch = { finish: 'stop' }): string {
  const message = turn.answer(prompt)
  turn.write(message).end(text)
  turn.complete(message, patch)
  return message
}

/** The reply that heard everything, and one that only polls. */
function both(turn: Turn, promptId = turn.promptId): readonly Reply[] {
  const polled = createReply({ sessionId: turn.sessionId, promptId })
  polled.reconcile(turn.server.poll().messages.get(turn.sessionId))
  return promptId === turn.promptId ? [turn.reply, polled] : [polled]
}

describe('a prompt that comes while a run is on', () => {
  it('shares the answer that the server gives to both', () => {
    const turn = beginTurn()
    answerTo(turn, turn.promptId, 'I look.', { finish: 'tool-calls' })
    const later = ask(turn)
    const message = answerTo(turn, later, 'Both done.')
    for (const reply of both(turn)) {
      expect(reply.result().text).to.equal('I look.\n\nBoth done.')
      expect(reply.outcome({ sessionIdle: true })).to.deep.include({
        state: 'completed',
        messageId: message,
        answeredBy: later,
      })
    }
    for (const reply of both(turn, later)) {
      expect(reply.result().text).to.equal('Both done.')
      expect(reply.outcome({ sessionIdle: true })).to.deep.include({ answeredBy: null })
    }
  })

  it('is the one that a shared failure names', () => {
    const turn = beginTurn()
    const later = ask(turn)
    turn.complete(turn.answer(later), { error: { name: 'APIError', data: { message: 'no' } } })
    for (const reply of both(turn))
      expect(reply.outcome()).to.include({ state: 'failed', answeredBy: later })
  })

  it('waits with others for one answer to the newest of them, and no more', () => {
    const turn = beginTurn()
    const second = ask(turn)
    const third = ask(turn)
    answerTo(turn, third, 'All three.')
    answerTo(turn, ask(turn), 'Another one.')
    for (const prompt of [turn.promptId, second, third])
      for (const reply of both(turn, prompt)) expect(reply.result().text).to.equal('All three.')
  })

  it('has an answer of its own when the one before is finished, failed or open', () => {
    const error = { name: 'APIError', data: { message: 'no' } }
    for (const patch of [
      { finish: 'stop' },
      { finish: 'tool-calls', structured: {} },
      { error },
      null,
    ]) {
      const turn = beginTurn()
      const message = turn.answer()
      turn.write(message).end('Mine.')
      if (patch !== null) turn.complete(message, patch)
      answerTo(turn, ask(turn), 'Of another.')
      for (const reply of both(turn)) expect(reply.result().text).to.equal('Mine.')
    }
  })

  it('does not join a reply that is closed', () => {
    const turn = beginTurn()
    turn.reply.close()
    answerTo(turn, ask(turn), 'Of another.')
    turn.poll()
    expect(turn.reply.result().text).to.equal('')
    answerTo(turn, turn.promptId, 'Late, but mine.')
    expect(turn.reply.result().text).to.equal('Late, but mine.')
  })
})

describe('what a person does after a turn', () => {
  it('changes nothing of it: a command, or a prompt whose parts say that they are synthetic', () => {
    const shell = { text: 'The following tool was executed by the user', synthetic: true }
    for (const part of [shell, { text: 'from a plug-in', synthetic: true }]) {
      const turn = beginTurn()
      answerTo(turn, turn.promptId, 'Done.')
      const before = turn.reply.result()
      const other = ask(turn, part)
      const message = turn.answer(other)
      turn.call(message, { status: 'completed', input: { command: 'ls' }, output: 'a' })
      turn.complete(message, {})
      for (const reply of both(turn)) {
        expect(reply.result()).to.deep.equal(before)
        expect(reply.outcome({ sessionIdle: true })).to.include({ state: 'completed' })
      }
    }
  })

  it('is no answer to a prompt that still waits, when it is a command', () => {
    const shell = { text: 'The following tool was executed by the user', synthetic: true }
    for (const part of [shell, { type: 'compaction', auto: false }]) {
      const turn = beginTurn()
      turn.complete(turn.answer(ask(turn, part)), { finish: 'stop' })
      for (const reply of both(turn))
        expect(reply.outcome({ sessionIdle: true })).to.include({ state: 'unknown' })
    }
  })
})

describe('what the server writes itself to go on', () => {
  const ways: Readonly<Record<string, Record<string, unknown>>> = {
    'after a compaction': continuation,
    'after a subtask': {
      text: 'Summarize the task tool output above and continue with your task.',
      synthetic: true,
    },
    'when a plan is approved': {
      text: 'The plan at /w/plan.md has been approved, you can now edit files. Execute the plan',
      synthetic: true,
    },
  }
  for (const [name, part] of Object.entries(ways)) {
    it(`belongs to the turn: ${name}`, () => {
      const turn = beginTurn()
      answerTo(turn, turn.promptId, 'One.', { finish: 'tool-calls' })
      answerTo(turn, ask(turn, part), 'Two.')
      for (const reply of both(turn)) {
        expect(reply.result().text).to.equal('One.\n\nTwo.')
        expect(reply.outcome()).to.include({ state: 'completed', answeredBy: null })
      }
    })
  }

  it('is also the prompt that it sends once more after a compaction because of an overflow', () => {
    const turn = beginTurn()
    turn.complete(turn.answer(), {})
    const asked = ask(turn, { type: 'compaction', auto: true, overflow: true })
    const summary = turn.answer(asked)
    turn.complete(summary, { finish: 'stop', summary: true })
    answerTo(turn, ask(turn, { text: 'the prompt' }), 'Smaller now.')
    for (const reply of both(turn)) {
      expect(reply.result().text).to.equal('Smaller now.')
      expect(reply.outcome()).to.include({ state: 'completed', answeredBy: null })
    }
  })
})

describe('a sub-agent in the background', () => {
  function delegate(turn: Turn): string {
    const child = turn.server.openSession(turn.sessionId, 'dig (@general subagent)', 'general')
    const message = turn.answer()
    turn.call(
      message,
      {
        status: 'completed',
        input: { description: 'dig', subagent_type: 'general' },
        output: `<task id="${child}" state="running">\n</task>`,
        metadata: { sessionId: child, background: true },
      },
      'task',
    )
    turn.write(message).end('Started.')
    turn.complete(message)
    return child
  }

  function work(turn: Turn, child: string): string {
    const asked = turn.server.addMessage(child, { role: 'user' })
    const answer = turn.server.addMessage(child, { role: 'assistant', parentID: asked, cost: 2 })
    turn.hear()
    return answer
  }

  function bringBack(turn: Turn, child: string): string {
    return ask(turn, { text: `<task id="${child}" state="completed">\nfound`, synthetic: true })
  }

  it('keeps the turn running until it is done, and its result begins the rest of the answer', () => {
    const turn = beginTurn()
    const child = delegate(turn)
    const answer = work(turn, child)
    const working = turn.reply.outcome({ sessionIdle: true })
    expect(working).to.deep.include({ state: 'running', interrupted: false, background: [child] })
    turn.complete(answer)
    expect(turn.reply.outcome({ sessionIdle: true })).to.deep.include({
      state: 'completed',
      background: [child],
    })
    answerTo(turn, bringBack(turn, child), 'It found it.')
    for (const reply of both(turn)) {
      expect(reply.result().text).to.equal('Started.\n\nIt found it.')
      expect(reply.outcome()).to.deep.include({ state: 'completed', background: [] })
    }
    expect(turn.reply.view().cost).to.equal(2)
  })

  it('is over with its session, whatever its messages say', () => {
    const turn = beginTurn()
    const child = delegate(turn)
    work(turn, child)
    turn.reply.reconcile(undefined, { sessionId: child, sessionIdle: true })
    expect(turn.reply.outcome({ sessionIdle: true }).state).to.equal('completed')
  })

  it('brings its result to the turn that started it, over another turn', () => {
    const turn = beginTurn()
    const child = delegate(turn)
    const answer = work(turn, child)
    const later = ask(turn)
    answerTo(turn, later, 'Of another.')
    const more = turn.server.addMessage(child, {
      role: 'assistant',
      parentID: turn.server
        .poll()
        .messages.get(child)
        ?.map((each) => Object(each).info.id)[0],
      cost: 3,
    })
    turn.hear()
    turn.complete(answer)
    turn.complete(more)
    answerTo(turn, bringBack(turn, child), 'It found it.')
    for (const reply of both(turn)) expect(reply.result().text).to.include('It found it.')
    expect(turn.reply.view().cost).to.equal(5)
    for (const reply of both(turn, later)) expect(reply.result().text).to.equal('Of another.')
  })

  it('of an unknown turn brings no answer to this one', () => {
    const turn = beginTurn()
    answerTo(turn, turn.promptId, 'Done.')
    answerTo(turn, bringBack(turn, 'ses_unknown'), 'Not mine.')
    for (const reply of both(turn)) expect(reply.result().text).to.equal('Done.')
  })
})
