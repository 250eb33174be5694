import type { Action } from './script.js'
import { assistant, todo, tokens } from './server-data.js'
import type { ServerModel } from './server-model.js'

/** What an attempt wrote that failed and was repeated: it must never be in the answer. */
export const attemptWord = 'of a failed attempt'

/** Does what the actions of a script say: writes, calls tools, delegates, and what may go wrong meanwhile. */
export class ModelAgent {
  /** The assistant messages of the turn, sub-agents included. */
  readonly own = new Set<string>()
  readonly #server: ServerModel
  #lastText: readonly [message: string, part: string] | null = null

  constructor(server: ServerModel) {
    this.#server = server
  }

  /** Begins an assistant message of the turn. */
  answer(session: string, parentID: string, more: Record<string, unknown> = {}): string {
    const id = this.#server.addMessage(session, { ...assistant(parentID), ...more })
    this.own.add(id)
    return id
  }

  complete(message: string, patch: Record<string, unknown>): void {
    const server = this.#server
    server.patchMessage(message, { ...patch, time: { completed: server.tick().now } })
  }

  /** Does one thing of the script in a message of a session. */
  act(message: string, session: string, action: Action): void {
    if (action.op === 'text' || action.op === 'reasoning') {
      this.write(message, action.op, action.deltas, action.end)
    } else if (action.op === 'tool') this.#call(message, session, action)
    else if (action.op === 'task') this.#delegate(message, session, action)
    else this.#disturb(message, session, action.op)
  }

  /** Writes a text piece by piece. */
  write(message: string, type: string, deltas: readonly string[], end: string): void {
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
    const ask = (): string =>
      name === 'question' ? server.question(session, tool) : server.ask(session, tool)
    const early = asked === 'before' ? ask() : null
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
    const open = asked === 'after' ? ask() : early
    if (open !== null && answer !== 'never') server.answer(session, open, answer)
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

  #delegate(
    message: string,
    session: string,
    { linked, deltas, also, again, end }: Extract<Action, { op: 'task' }>,
  ): void {
    const server = this.#server
    const child = server.openSession(session, 'Look (@general subagent)', 'general')
    const input = { description: 'Look', prompt: 'p', subagent_type: 'general' }
    const metadata = linked ? { metadata: { sessionId: child } } : {}
    const call = (): { type: string; callID: string; tool: string } => ({
      type: 'tool',
      callID: server.newId('call'),
      tool: 'task',
    })
    const part = call()
    const id = server.putPart(message, {
      ...part,
      state: { status: 'running', input, ...metadata, time: { start: 1 } },
    })
    const prompt = server.addMessage(child, { role: 'user' })
    server.putPart(prompt, { type: 'text', text: 'the sub prompt' })
    const answer = this.answer(child, prompt)
    if (also === 'ask') server.ask(child, null)
    if (also === 'retry') server.setStatus(child, { type: 'retry', attempt: 1, next: 9 })
    this.write(answer, 'text', deltas, end === 'never' ? 'never' : 'whole')
    if (also === 'delegate')
      this.#delegate(answer, child, { op: 'task', linked, deltas, also: 'nothing', again, end })
    if (end === 'never') return
    server.putPart(answer, { type: 'step-finish', reason: 'stop', cost: 0.125, tokens: tokens(2) })
    this.complete(answer, { finish: 'stop', cost: 0.125, tokens: tokens(2) })
    const ended =
      end === 'completed'
        ? {
            output: `<task id="${child}" state="completed">\n</task>`,
            metadata: { sessionId: child },
          }
        : { error: `Subagent failed (task_id: ${child}): no` }
    const state = { status: end, input, ...ended, time: { start: 1, end: 2 } }
    server.putPart(message, { ...part, id, state })
    if (!again) return
    server.putPart(message, { ...call(), state })
    this.complete(this.answer(child, prompt), { finish: 'stop', cost: 0.25, tokens: tokens(1) })
  }

  #disturb(
    message: string,
    session: string,
    op: Exclude<Action['op'], 'text' | 'reasoning' | 'tool' | 'task'>,
  ): void {
    const server = this.#server
    if (op === 'foreign') this.#foreign()
    else if (op === 'todos') server.setTodos(session, [todo('in-progress')])
    else if (op === 'retry')
      server.setStatus(session, { type: 'retry', attempt: 1, message: 'busy', next: 5 })
    else if (op === 'unannounced') server.delta(message, server.newId('prt'), 'never announced')
    else if (op === 'repeat') server.putPart(message, { type: 'step-start', snapshot: 'again' })
    else if (op === 'loose-ask') server.ask(session, null)
    else if (op === 'file' || op === 'data-file')
      server.putPart(message, {
        type: 'file',
        mime: 'image/png',
        filename: 'a.png',
        url: op === 'file' ? 'https://files.invalid/a.png' : 'data:image/png;base64,AA==',
      })
    else if (op === 'failed-attempt') {
      this.write(message, 'text', [attemptWord], 'whole')
      this.#lastText = null
      server.putPart(message, { type: 'step-start', snapshot: 'again' })
    } else if (op === 'unknown')
      server.putPart(message, { type: 'novelty', something: { new: true } })
    else if (this.#lastText !== null) this.#change(op, ...this.#lastText)
  }

  /** What a person can do to a part afterwards. An edit may leave its times out. */
  #change(op: 'patch' | 'edit' | 'remove' | 'recreate', message: string, id: string): void {
    const server = this.#server
    if (op === 'remove' || op === 'recreate') server.removePart(message, id)
    if (op === 'remove') return
    const time = op === 'edit' ? {} : { time: { start: 1, end: 2 } }
    server.putPart(message, { id, type: 'text', text: op, ...time })
  }

  /** Another session. */
  #foreign(): void {
    const server = this.#server
    const session = server.openSession(null, 'other', null)
    const prompt = server.addMessage(session, { role: 'user' })
    const answer = server.addMessage(session, assistant(prompt))
    this.write(answer, 'text', ['foreign'], 'whole')
    server.ask(session, { messageID: answer, callID: 'c' })
    this.#lastText = null
  }
}
