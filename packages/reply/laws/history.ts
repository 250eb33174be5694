import fc from 'fast-check'
import { ServerModel } from './server-model.js'
import type { ModelEvent, ModelPoll } from './server-model.js'

/** What a server sent and stored around one prompt, with what it would have answered to a poll after each event. */
export interface History {
  readonly sessionId: string
  readonly promptId: string
  readonly events: readonly ModelEvent[]
  /** `polls[n]`: the answer after `n` events. */
  readonly polls: readonly ModelPoll[]
}

const words = fc.constantFrom('a', 'be ', 'see\n', '🙂', 'é', '日本 ', '\u2028', '<b>', '')
const texts = fc.record({
  op: fc.constantFrom('text' as const, 'reasoning' as const),
  deltas: fc.array(words, { maxLength: 5 }),
  end: fc.constantFrom('whole', 'whole', 'whole', 'never', 'trimmed'),
})
const tools = fc.record({
  op: fc.constant('tool' as const),
  name: fc.constantFrom('bash', 'write', 'invalid', 'todowrite'),
  updates: fc.nat({ max: 3 }),
  asked: fc.constantFrom('no', 'before', 'after'),
  answer: fc.constantFrom('once', 'reject', 'never'),
  end: fc.constantFrom('completed', 'completed', 'error', 'never'),
})
const tasks = fc.record({
  op: fc.constant('task' as const),
  linked: fc.boolean(),
  deltas: fc.array(words, { maxLength: 3 }),
  end: fc.constantFrom('completed', 'error', 'never'),
})
const noise = fc.record({
  op: fc.constantFrom(
    'foreign' as const,
    'todos' as const,
    'retry' as const,
    'repeat' as const,
    'patch' as const,
    'remove' as const,
    'loose-ask' as const,
    'file' as const,
    'unknown' as const,
  ),
})
const steps = fc.record({
  actions: fc.array(
    fc.oneof({ weight: 3, arbitrary: texts }, { weight: 3, arbitrary: tools }, tasks, noise),
    { maxLength: 5 },
  ),
  finish: fc.constantFrom(
    'tool-calls',
    'stop',
    'stop',
    'error',
    'neither',
    'crash',
    'compact',
    'removed',
  ),
})
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never
type Action = Step['actions'][number]

/** Any history of a turn: several steps with texts, tools, sub-agents, asks, failures, crashes and foreign noise. */
export const histories: fc.Arbitrary<History> = fc
  .array(steps, { minLength: 1, maxLength: 4 })
  .map(play)

function play(script: readonly Step[]): History {
  const recorder = new Recorder()
  for (const step of script) recorder.step(step)
  return recorder.history()
}

class Recorder {
  readonly #server = new ServerModel()
  readonly #polls: ModelPoll[] = []
  readonly #sessionId: string
  readonly #promptId: string
  #parentId: string
  #lastText: readonly [message: string, part: string] | null = null

  constructor() {
    const server = this.#server
    this.#sessionId = server.openSession(null, 'test', null)
    const earlier = server.addMessage(this.#sessionId, { role: 'user' })
    server.putPart(earlier, { type: 'text', text: 'an earlier prompt' })
    this.#promptId = server.addMessage(this.#sessionId, { role: 'user' })
    this.#parentId = this.#promptId
    server.putPart(this.#promptId, { type: 'text', text: 'the prompt' })
    server.send('session.status', { sessionID: this.#sessionId, status: { type: 'busy' } })
    this.#record()
  }

  history(): History {
    this.#record()
    return {
      sessionId: this.#sessionId,
      promptId: this.#promptId,
      events: this.#server.events,
      polls: this.#polls,
    }
  }

  /** Polls are as good as the events they follow: several events of one action share the state before it. */
  #record(): void {
    const poll = this.#server.poll()
    while (this.#polls.length <= this.#server.events.length) this.#polls.push(poll)
  }

  step({ actions, finish }: Step): void {
    const server = this.#server
    const message = server.addMessage(this.#sessionId, this.#assistant(this.#parentId))
    server.putPart(message, { type: 'step-start', snapshot: 'abc' })
    for (const action of actions) {
      this.#act(message, this.#sessionId, action)
      this.#record()
    }
    this.#finish(message, finish)
    this.#record()
  }

  #assistant(parentID: string): Record<string, unknown> {
    return {
      role: 'assistant',
      parentID,
      agent: 'build',
      modelID: 'm',
      providerID: 'p',
      cost: 0,
      tokens: tokens(0),
    }
  }

  #finish(message: string, finish: Step['finish']): void {
    const server = this.#server
    const completed = { time: { completed: server.tick().now } }
    if (finish === 'crash') return
    if (finish === 'removed') return server.removeMessage(message)
    if (finish === 'error') {
      const error = {
        name: 'APIError',
        data: { message: 'no', statusCode: 500, isRetryable: true },
      }
      server.send('session.error', { sessionID: this.#sessionId, error })
      return server.patchMessage(message, { error, ...completed })
    }
    if (finish === 'neither') return server.patchMessage(message, completed)
    const reason = finish === 'compact' ? 'stop' : finish
    server.putPart(message, { type: 'step-finish', reason, cost: 0.25, tokens: tokens(3) })
    server.patchMessage(message, { finish: reason, cost: 0.25, tokens: tokens(3) })
    server.patchMessage(message, completed)
    if (finish === 'compact') this.#compact()
  }

  #compact(): void {
    const server = this.#server
    const asked = server.addMessage(this.#sessionId, { role: 'user' })
    server.putPart(asked, { type: 'compaction', auto: true })
    const summary = server.addMessage(this.#sessionId, {
      ...this.#assistant(asked),
      summary: true,
      mode: 'compaction',
    })
    this.#write(summary, 'text', ['sum', 'mary'], 'whole')
    server.patchMessage(summary, {
      finish: 'stop',
      cost: 0.5,
      tokens: tokens(1),
      time: { completed: server.tick().now },
    })
    this.#parentId = server.addMessage(this.#sessionId, { role: 'user' })
    server.putPart(this.#parentId, { type: 'text', text: 'Continue', synthetic: true })
  }

  #act(message: string, session: string, action: Action): void {
    if (action.op === 'text' || action.op === 'reasoning') {
      this.#write(message, action.op, action.deltas, action.end)
    } else if (action.op === 'tool') this.#call(message, session, action)
    else if (action.op === 'task') this.#delegate(message, action)
    else this.#disturb(message, action.op)
  }

  #write(message: string, type: string, deltas: readonly string[], end: string): void {
    const server = this.#server
    const time = { start: server.tick().now }
    const id = server.putPart(message, { type, text: '', time })
    for (const delta of deltas) server.delta(message, id, delta)
    if (end === 'never') return
    const text = end === 'trimmed' ? deltas.join('').trimEnd() : deltas.join('')
    server.putPart(message, { id, type, text, time: { ...time, end: server.tick().now } })
    if (type === 'text') this.#lastText = [message, id]
  }

  #call(
    message: string,
    session: string,
    { name, updates, asked, answer, end }: Extract<Action, { op: 'tool' }>,
  ): void {
    const server = this.#server
    const callID = server.newId('call')
    const input =
      name === 'todowrite'
        ? { todos: [todo('in_progress')] }
        : name === 'invalid'
          ? { tool: 'nope', error: 'x' }
          : { command: 'ls' }
    const tool = { messageID: message, callID }
    const early = asked === 'before' ? server.ask(session, tool) : null
    const part = { type: 'tool', callID }
    const id = server.putPart(message, {
      ...part,
      tool: name === 'invalid' ? 'nope' : name,
      state: { status: 'pending', input: {}, raw: '' },
    })
    if (end === 'never' && updates === 0) return
    for (let update = 0; update <= updates; update += 1) {
      const metadata = update === 0 ? {} : { metadata: { output: 'x'.repeat(update) } }
      server.putPart(message, {
        ...part,
        id,
        tool: name,
        state: { status: 'running', input, ...metadata, time: { start: 1 } },
      })
    }
    const ask = asked === 'after' ? server.ask(session, tool) : early
    if (ask !== null && answer !== 'never') server.answer(session, ask, answer)
    if (end === 'never') return
    const ended =
      end === 'completed'
        ? { output: 'done', title: 'T', metadata: { truncated: false } }
        : { error: 'The user rejected permission to use this specific tool call.' }
    server.putPart(message, {
      ...part,
      id,
      tool: name,
      state: { status: end, input, ...ended, time: { start: 1, end: 2 } },
    })
  }

  #delegate(message: string, { linked, deltas, end }: Extract<Action, { op: 'task' }>): void {
    const server = this.#server
    const child = server.openSession(this.#sessionId, 'Look (@general subagent)', 'general')
    const part = { type: 'tool', callID: server.newId('call'), tool: 'task' }
    const input = { description: 'Look', prompt: 'p', subagent_type: 'general' }
    const metadata = linked ? { metadata: { sessionId: child } } : {}
    const id = server.putPart(message, {
      ...part,
      state: { status: 'running', input, ...metadata, time: { start: 1 } },
    })
    const prompt = server.addMessage(child, { role: 'user' })
    server.putPart(prompt, { type: 'text', text: 'the sub prompt' })
    const answer = server.addMessage(child, this.#assistant(prompt))
    this.#write(answer, 'text', deltas, end === 'never' ? 'never' : 'whole')
    if (end === 'never') return
    server.putPart(answer, { type: 'step-finish', reason: 'stop', cost: 0.125, tokens: tokens(2) })
    server.patchMessage(answer, {
      finish: 'stop',
      cost: 0.125,
      tokens: tokens(2),
      time: { completed: server.tick().now },
    })
    const ended =
      end === 'completed'
        ? {
            output: `<task id="${child}" state="completed">\n</task>`,
            metadata: { sessionId: child },
          }
        : { error: `Subagent failed (task_id: ${child}): no` }
    server.putPart(message, {
      ...part,
      id,
      state: { status: end, input, ...ended, time: { start: 1, end: 2 } },
    })
  }

  #disturb(
    message: string,
    op: Extract<
      Action,
      {
        op:
          | 'foreign'
          | 'todos'
          | 'retry'
          | 'repeat'
          | 'patch'
          | 'remove'
          | 'loose-ask'
          | 'file'
          | 'unknown'
      }
    >['op'],
  ): void {
    const server = this.#server
    if (op === 'foreign') this.#foreign()
    else if (op === 'todos')
      server.send('todo.updated', { sessionID: this.#sessionId, todos: [todo('in-progress')] })
    else if (op === 'retry')
      server.send('session.status', {
        sessionID: this.#sessionId,
        status: { type: 'retry', attempt: 1, message: 'busy', next: 5 },
      })
    else if (op === 'repeat') server.putPart(message, { type: 'step-start', snapshot: 'again' })
    else if (op === 'loose-ask') server.ask(this.#sessionId, null)
    else if (op === 'file')
      server.putPart(message, {
        type: 'file',
        mime: 'image/png',
        filename: 'a.png',
        url: 'data:image/png;base64,AA==',
      })
    else if (op === 'unknown')
      server.putPart(message, { type: 'novelty', something: { new: true } })
    else if (this.#lastText !== null && op === 'patch') {
      const [owner, id] = this.#lastText
      server.putPart(owner, { id, type: 'text', text: 'patched', time: { start: 1, end: 2 } })
    } else if (this.#lastText !== null) server.removePart(...this.#lastText)
  }

  /** Another session, and another prompt's answer in the same session. */
  #foreign(): void {
    const server = this.#server
    const session = server.openSession(null, 'other', null)
    const prompt = server.addMessage(session, { role: 'user' })
    const answer = server.addMessage(session, this.#assistant(prompt))
    this.#write(answer, 'text', ['foreign'], 'whole')
    server.ask(session, { messageID: answer, callID: 'c' })
    this.#lastText = null
  }
}

function tokens(count: number): Record<string, unknown> {
  return { input: count, output: count, reasoning: 0, cache: { read: count, write: 0 } }
}

function todo(status: string): Record<string, unknown> {
  return { content: 'do it', status, priority: 'high' }
}
