import { assistant, todo, tokens } from './server-data.js'
import type { ServerModel } from './server-model.js'

/** What of other turns must never show: the law looks for these words. */
export const earlierWord = 'of an earlier turn'
export const laterWord = 'of a later turn'

/** An earlier turn that was aborted and left asks open; the result is its answer, which is not completed yet. */
export function answerEarlier(server: ServerModel, session: string): string {
  const answer = answerOther(server, session, earlierWord)
  server.ask(session, { messageID: answer, callID: 'call_earlier' }, earlierWord)
  return answer
}

/**
 * A later turn in the same session, with everything that names no message; or a command that a person runs. The result
 * are its assistant messages.
 */
export function answerLater(
  server: ServerModel,
  session: string,
  kind: 'prompt' | 'synthetic' | 'shell',
): readonly string[] {
  if (kind === 'shell') return [runCommand(server, session)]
  const answer = answerOther(server, session, laterWord, kind === 'synthetic')
  server.setTodos(session, [{ ...todo('pending'), content: laterWord }])
  server.setStatus(session, { type: 'retry', attempt: 9, message: laterWord, next: 9 })
  const error = { name: 'APIError', data: { message: laterWord } }
  server.send('session.error', { sessionID: session, error })
  const time = { completed: server.tick().now }
  server.patchMessage(answer, { finish: 'stop', cost: 8, tokens: tokens(8), time })
  return [answer, ...server.answersSince(answer)]
}

function runCommand(server: ServerModel, session: string): string {
  const asked = server.addMessage(session, { role: 'user' })
  const text = 'The following tool was executed by the user'
  server.putPart(asked, { type: 'text', text, synthetic: true })
  const answer = server.addMessage(session, assistant(asked))
  const state = { status: 'completed', input: { command: laterWord }, output: laterWord }
  server.putPart(answer, { type: 'tool', tool: 'bash', callID: server.newId('call'), state })
  server.patchMessage(answer, { time: { completed: server.tick().now } })
  return answer
}

function answerOther(
  server: ServerModel,
  session: string,
  word: string,
  synthetic = false,
): string {
  const prompt = server.addMessage(session, { role: 'user' })
  server.putPart(prompt, { type: 'text', text: word, ...(synthetic && { synthetic }) })
  const answer = server.addMessage(session, assistant(prompt))
  server.putPart(answer, { type: 'text', text: word, time: { start: 1, end: 2 } })
  server.putPart(answer, { type: 'step-finish', reason: 'stop', cost: 8, tokens: tokens(8) })
  server.ask(session, null, word)
  const child = server.openSession(session, word, 'general')
  const sub = server.addMessage(child, {
    ...assistant(server.addMessage(child, { role: 'user' })),
    cost: 8,
  })
  server.putPart(sub, { type: 'text', text: word, time: { start: 1, end: 2 } })
  server.ask(child, null, word)
  return answer
}
