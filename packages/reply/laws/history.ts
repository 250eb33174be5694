import type fc from 'fast-check'
import { answerEarlier, answerLater } from './other-turns.js'
import { ModelAgent } from './model-agent.js'
import { continuation, tokens } from './server-data.js'
import { messagesOfTurn } from './server-truth.js'
import { scripts, withoutBytes } from './script.js'
import type { Script, Step } from './script.js'
import { ServerModel } from './server-model.js'
import type { ModelEvent, ModelPoll } from './server-model.js'

/** What a server sent and stored around one prompt, with what it would have answered to a poll after each event. */
export interface History {
  readonly sessionId: string
  readonly promptId: string
  readonly events: readonly ModelEvent[]
  /** `polls[n]`: the answer after `n` events. */
  readonly polls: readonly ModelPoll[]
  /** The assistant messages of the turn, sub-agents included. */
  readonly own: ReadonlySet<string>
  /** True when the later prompt was answered together with this one. */
  readonly isJoined: boolean
}

/** Any history of a turn: several steps with texts, tools, sub-agents, asks, failures, crashes and foreign noise. */
export const histories: fc.Arbitrary<History> = scripts.map(play)

/** The same without bytes, which are no part of a stored reply. */
export const storableHistories: fc.Arbitrary<History> = scripts.map(withoutBytes).map(play)

/** What happens when the server follows the script. */
export function play(script: Script): History {
  const recorder = new Recorder(script)
  for (const step of script.steps) recorder.step(step)
  return recorder.history(script.later)
}

class Recorder {
  readonly #server = new ServerModel()
  readonly #agent = new ModelAgent(this.#server)
  readonly #polls: ModelPoll[] = []
  readonly #sessionId: string
  readonly #promptId: string
  #parentId: string
  /** Events before this one were sent before anybody listened. */
  readonly #begin: number
  /** A prompt whose answers were removed is not sent again: that would be another turn. */
  #isShortened = false

  constructor({ earlier, compactsFirst }: Script) {
    const server = this.#server
    this.#sessionId = server.openSession(null, 'test', null)
    const open = earlier === 'none' ? null : answerEarlier(server, this.#sessionId)
    this.#begin = server.events.length
    this.#promptId = server.addMessage(this.#sessionId, { role: 'user' })
    this.#parentId = this.#promptId
    server.putPart(this.#promptId, { type: 'text', text: 'the prompt' })
    server.setStatus(this.#sessionId, { type: 'busy' })
    if (open !== null && earlier === 'late') this.#agent.complete(open, { finish: 'stop', cost: 7 })
    if (compactsFirst) this.#compact()
    this.#record()
  }

  history(later: Script['later']): History {
    const server = this.#server
    const others = later === 'none' ? [] : answerLater(server, this.#sessionId, later)
    const list = server.poll().messages.get(this.#sessionId) ?? []
    const turn = messagesOfTurn(this.#promptId, list)
    const isJoined = others.some((id) => turn.has(id))
    if (isJoined) for (const id of others) this.#agent.own.add(id)
    this.#server.setStatus(this.#sessionId, { type: 'idle' })
    this.#record()
    return {
      sessionId: this.#sessionId,
      promptId: this.#promptId,
      events: this.#server.events.slice(this.#begin),
      polls: this.#polls,
      own: this.#agent.own,
      isJoined,
    }
  }

  /** Polls are as good as the events they follow: several events of one action share the state before it. */
  #record(): void {
    const poll = this.#server.poll()
    while (this.#polls.length <= this.#server.events.length - this.#begin) this.#polls.push(poll)
  }

  step({ actions, finish }: Step): void {
    const server = this.#server
    const message = this.#agent.answer(this.#sessionId, this.#parentId)
    server.putPart(message, { type: 'step-start', snapshot: 'abc' })
    for (const action of actions) {
      this.#agent.act(message, this.#sessionId, action)
      this.#record()
    }
    this.#finish(message, finish)
    this.#record()
  }

  #finish(message: string, finish: Step['finish']): void {
    const server = this.#server
    if (finish === 'crash') return
    if (finish === 'resent' && !this.#isShortened) {
      server.crash()
      // Sent again after a crash, the prompt gets a new time.
      return server.patchMessage(this.#promptId, { time: { created: server.tick().now } })
    }
    if (finish === 'removed' || finish === 'resent') {
      this.#isShortened = true
      return server.removeMessage(message)
    }
    if (finish === 'error') {
      const error = {
        name: 'APIError',
        data: { message: 'no', statusCode: 500, isRetryable: true },
      }
      server.send('session.error', { sessionID: this.#sessionId, error })
      return this.#agent.complete(message, { error })
    }
    if (finish === 'structured')
      return this.#agent.complete(message, { finish: 'tool-calls', structured: { n: 1 } })
    if (finish === 'neither') return this.#agent.complete(message, {})
    const reason = finish === 'compact' ? 'stop' : finish
    server.putPart(message, { type: 'step-finish', reason, cost: 0.25, tokens: tokens(3) })
    server.patchMessage(message, { finish: reason, cost: 0.25, tokens: tokens(3) })
    this.#agent.complete(message, {})
    if (finish === 'compact') this.#compact()
  }

  #compact(): void {
    const server = this.#server
    const asked = server.addMessage(this.#sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    const more = { summary: true, mode: 'compaction' }
    const summary = this.#agent.answer(this.#sessionId, asked, more)
    this.#agent.write(summary, 'text', ['sum', 'mary'], 'whole')
    this.#agent.complete(summary, { finish: 'stop', cost: 0.5, tokens: tokens(1) })
    this.#parentId = server.addMessage(this.#sessionId, { role: 'user' })
    server.putPart(this.#parentId, continuation)
  }
}
