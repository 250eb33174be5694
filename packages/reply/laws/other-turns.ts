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

/** A later turn in the same session, with everything that names no message. */
export function answerLater(server: ServerModel, session: string): void {
  answerOther(server, session, laterWord)
  server.setTodos(session, [{ ...todo('pending'), content: laterWord }])
  server.setStatus(session, { type: 'retry', attempt: 9, message: laterWord, next: 9 })
  const error = { name: 'APIError', data: { message: laterWord } }
  server.send('session.error', { sessionID: session, error })
}

function answerOther(server: ServerModel, session: string, word: string): string {
  const prompt = server.addMessage(session, { role: 'user' })
  server.putPart(prompt, { type: 'text', text: word })
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
