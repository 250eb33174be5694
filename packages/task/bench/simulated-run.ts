import { createReply, type Reply } from '@turnstead/reply'
import type { OpenCodeRunOutput } from '../src/index.js'
import { createScreen } from '../src/run/screen.js'

const sessionId = 'ses_e073ffffffff00000000000000'
const promptId = 'msg_1f8c0000000300000000000000'
const messageId = 'msg_1f8c0000000500000000000000'

/** A run on a clock of its own: what is worked at, for how long, and what comes of it. */
export interface SimulatedRun {
  readonly seconds: number
  /** Seconds from one tool call to the next; in between the agent writes. */
  readonly secondsPerCall: number
  /** Characters that one call of a tool gives. */
  readonly outputCharacters: number
}

/** An output with the simulated second at which it was sent. */
export interface TimedOutput {
  readonly second: number
  readonly output: OpenCodeRunOutput
}

const stepsPerSecond = 10
const intervalSteps = 5

/** The outputs that a tool gives for such a run, each as it is sent: a look twice a second, as by default. */
export function* simulateRun(run: SimulatedRun): Generator<TimedOutput> {
  const agent = createAgent()
  const call = { callId: 'call-1', prompt: 'Do the work of ten minutes.', sessionId: null }
  const screen = createScreen(call, 8_000)
  const first = screen.next(null, 0)
  if (first !== null) yield { second: 0, output: first }
  for (let step = 0; step < run.seconds * stepsPerSecond; step += 1) {
    if (step % (run.secondsPerCall * stepsPerSecond) === 0) agent.call(run.outputCharacters)
    else agent.write(`the next ${step} words, `)
    if (step % intervalSteps !== 0) continue
    const output = screen.next(agent.reply, (step * 1_000) / stepsPerSecond)
    if (output !== null) yield { second: step / stepsPerSecond, output }
  }
  agent.reply.close()
  const facts = { status: 'complete', error: null, stop: null, outputFile: null } as const
  yield { second: run.seconds, output: screen.end(agent.reply, { ...facts, sessionId }) }
}

/** An agent that works without a server. */
export interface SimulatedAgent {
  readonly reply: Reply
  /** Asks for a permission. */
  ask(id: string): void
  call(characters: number): void
  /** A file was written, and named as the server does outside of git repositories. */
  wrote(filePath: string): void
  /** A call that goes on. */
  start(command: string): void
  write(delta: string): void
}

/** Says to a reply what a server says of an agent. */
export function createAgent(directory: string | null = null): SimulatedAgent {
  const reply = createReply({ sessionId, promptId })
  let events = 0
  let parts = 0
  const tell = (type: string, properties: object): void => {
    events += 1
    const id = `evt_${(0x1f8c_1000_0000 + events).toString(16).padStart(12, '0')}S1iwZWGyUJ8KpA`
    reply.apply({ id, type, properties: { sessionID: sessionId, ...properties } })
  }
  const newPart = (part: object): string => {
    parts += 1
    const id = `prt_${(0x1f8c_1000_0000 + parts).toString(16).padStart(12, '0')}lWEtsDAmP0WU6G`
    const owner = { id, messageID: messageId, sessionID: sessionId }
    tell('message.part.updated', { part: { ...owner, ...part }, time: 1 })
    return id
  }
  const info = { id: messageId, sessionID: sessionId, role: 'assistant', parentID: promptId }
  const path = directory === null ? {} : { path: { cwd: directory, root: '/' } }
  tell('message.updated', { info: { ...info, ...path, time: { created: 1 } } })
  let text: string | null = null
  return {
    reply,
    ask(id) {
      const asked = { permission: 'bash', patterns: ['ls'], metadata: {}, always: [] }
      tell('permission.asked', { id, ...asked })
    },
    call(characters) {
      text = null
      const output = `a line of output\n`.repeat(Math.ceil(characters / 17)).slice(0, characters)
      const input = { command: 'npm test', description: 'Run the tests' }
      const state = { status: 'completed', input, output, title: 'npm test', metadata: {} }
      const time = { start: 1, end: 2 }
      newPart({ type: 'tool', callID: `call_${parts}`, tool: 'bash', state: { ...state, time } })
    },
    wrote(filePath) {
      text = null
      const title = filePath.slice(1)
      const output = `Wrote file successfully. ${title}`
      const state = { status: 'completed', input: { filePath }, output, title, metadata: {} }
      const time = { start: 1, end: 2 }
      newPart({ type: 'tool', callID: `call_${parts}`, tool: 'write', state: { ...state, time } })
    },
    start(command) {
      text = null
      const state = { status: 'running', input: { command }, metadata: {}, time: { start: 1 } }
      newPart({ type: 'tool', callID: `call_${parts}`, tool: 'bash', state })
    },
    write(delta) {
      text ??= newPart({ type: 'text', text: '', time: { start: 1 } })
      tell('message.part.delta', { messageID: messageId, partID: text, field: 'text', delta })
    },
  }
}
