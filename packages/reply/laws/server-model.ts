/** An event as the server would send it. */
export interface ModelEvent {
  readonly id: string
  readonly type: string
  readonly properties: Record<string, unknown>
}

/** What the server would answer to polls at one moment. */
export interface ModelPoll {
  readonly messages: ReadonlyMap<string, readonly unknown[]>
  readonly sessions: readonly unknown[]
  readonly permissions: readonly unknown[]
  readonly questions: readonly unknown[]
  /** By session. */
  readonly todos: ReadonlyMap<string, readonly unknown[]>
  readonly idle: ReadonlySet<string>
}

interface ModelPart {
  readonly id: string
  readonly type: string
  readonly [field: string]: unknown
}

interface ModelMessage {
  info: Record<string, unknown> & { readonly id: string; readonly sessionID: string }
  readonly parts: Map<string, ModelPart>
}

interface ModelSession {
  readonly id: string
  readonly info: Record<string, unknown>
  readonly messages: ModelMessage[]
}

/** Parts and messages are stored as they are sent; deltas are not stored at all, as with the real server. */
export class ServerModel {
  readonly events: ModelEvent[] = []
  readonly #sessions = new Map<string, ModelSession>()
  readonly #permissions = new Map<string, unknown>()
  readonly #questions = new Map<string, unknown>()
  readonly #todos = new Map<string, readonly unknown[]>()
  readonly #idle = new Set<string>()
  #clock = 0

  /** The next moment, and the digits of every id made in it. */
  tick(): { readonly now: number; readonly digits: string } {
    this.#clock += 1
    const now = 1_795_000_000_000 + this.#clock
    return { now, digits: ((now % 2 ** 36) * 4096).toString(16).padStart(12, '0') }
  }

  newId(prefix: string): string {
    return `${prefix}_${this.tick().digits}00000000000000`
  }

  send(type: string, properties: Record<string, unknown>): void {
    this.events.push({
      id: `evt_${this.tick().digits}AAAAAAAAAAAAAA`,
      type,
      properties: structuredClone(properties),
    })
  }

  openSession(parentID: string | null, title: string, agent: string | null): string {
    const { now, digits } = this.tick()
    const inverted = (2 ** 48 - Number.parseInt(digits, 16)).toString(16).padStart(12, '0')
    const id = `ses_${inverted}00000000000000`
    const info = {
      id,
      title,
      time: { created: now },
      ...(parentID && { parentID }),
      ...(agent && { agent }),
    }
    this.#sessions.set(id, { id, info, messages: [] })
    this.send('session.created', { sessionID: id, info })
    return id
  }

  addMessage(sessionID: string, info: Record<string, unknown>): string {
    const id = typeof info['id'] === 'string' ? info['id'] : this.newId('msg')
    const message = {
      info: { ...info, id, sessionID, time: { created: this.tick().now } },
      parts: new Map(),
    }
    this.#sessions.get(sessionID)?.messages.push(message)
    this.send('message.updated', { sessionID, info: message.info })
    return id
  }

  patchMessage(id: string, patch: Record<string, unknown>): void {
    const message = this.#message(id)
    if (message === undefined) return
    const time = { ...Object(message.info['time']), ...Object(patch['time']) }
    message.info = { ...message.info, ...patch, time }
    this.send('message.updated', { sessionID: message.info.sessionID, info: message.info })
  }

  removeMessage(id: string): void {
    const message = this.#message(id)
    const session = message && this.#sessions.get(message.info.sessionID)
    if (message === undefined || session === undefined) return
    session.messages.splice(session.messages.indexOf(message), 1)
    this.send('message.removed', { sessionID: session.id, messageID: id })
  }

  putPart(messageID: string, part: Record<string, unknown> & { readonly type: string }): string {
    const message = this.#message(messageID)
    const id = typeof part['id'] === 'string' ? part['id'] : this.newId('prt')
    if (message === undefined) return id
    const whole = { ...part, id, messageID, sessionID: message.info.sessionID }
    message.parts.set(id, whole)
    this.send('message.part.updated', {
      sessionID: whole.sessionID,
      part: whole,
      time: this.tick().now,
    })
    return id
  }

  removePart(messageID: string, partID: string): void {
    const message = this.#message(messageID)
    if (message === undefined || !message.parts.delete(partID)) return
    this.send('message.part.removed', { sessionID: message.info.sessionID, messageID, partID })
  }

  delta(messageID: string, partID: string, delta: string): void {
    const message = this.#message(messageID)
    if (message === undefined) return
    const sessionID = message.info.sessionID
    this.send('message.part.delta', { sessionID, messageID, partID, field: 'text', delta })
  }

  setStatus(
    sessionID: string,
    status: { readonly type: string; readonly [field: string]: unknown },
  ): void {
    if (status.type === 'idle') this.#idle.add(sessionID)
    else this.#idle.delete(sessionID)
    this.send('session.status', { sessionID, status })
    if (status.type === 'idle') this.send('session.idle', { sessionID })
  }

  setTodos(sessionID: string, todos: readonly unknown[]): void {
    this.#todos.set(sessionID, todos)
    this.send('todo.updated', { sessionID, todos })
  }

  ask(sessionID: string, tool: Record<string, unknown> | null, pattern = 'a'): string {
    const ask = {
      id: this.newId('per'),
      sessionID,
      permission: 'edit',
      patterns: [pattern],
      metadata: {},
      always: ['*'],
      ...(tool && { tool }),
    }
    this.#permissions.set(ask.id, ask)
    this.send('permission.asked', ask)
    return ask.id
  }

  question(sessionID: string, tool: Record<string, unknown>): string {
    const ask = { id: this.newId('que'), sessionID, questions: [{ question: 'Which?' }], tool }
    this.#questions.set(ask.id, ask)
    this.send('question.asked', ask)
    return ask.id
  }

  /** The assistant messages of all sessions that were made after this one. */
  answersSince(id: string): readonly string[] {
    const messages = [...this.#sessions.values()].flatMap((session) => session.messages)
    return messages.flatMap(({ info }) =>
      info['role'] === 'assistant' && info.id > id ? [info.id] : [],
    )
  }

  /** A server that died asks nothing any more. */
  crash(): void {
    this.#permissions.clear()
    this.#questions.clear()
  }

  answer(sessionID: string, requestID: string, reply: string): void {
    if (this.#permissions.delete(requestID)) {
      this.send('permission.replied', { sessionID, requestID, reply })
    } else if (this.#questions.delete(requestID)) {
      if (reply === 'reject') this.send('question.rejected', { sessionID, requestID })
      else this.send('question.replied', { sessionID, requestID, answers: [['Red']] })
    }
  }

  poll(): ModelPoll {
    const messages = [...this.#sessions.values()].map(
      ({ id, messages: list }) =>
        [
          id,
          list.map(({ info, parts }) => ({ info, parts: [...parts.values()].sort(byId) })),
        ] as const,
    )
    return structuredClone({
      messages: new Map(messages),
      sessions: [...this.#sessions.values()].map(({ info }) => info),
      permissions: [...this.#permissions.values()],
      questions: [...this.#questions.values()],
      todos: this.#todos,
      idle: this.#idle,
    })
  }

  #message(id: string): ModelMessage | undefined {
    for (const { messages } of this.#sessions.values()) {
      const message = messages.find(({ info }) => info.id === id)
      if (message !== undefined) return message
    }
    return undefined
  }
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : 1
}
