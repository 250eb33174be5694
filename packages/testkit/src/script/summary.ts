import { reply, text } from './builder.js'
import type { Reply } from './steps.js'

/** What is said where a session is summed up: a text of its own, or how the attempt at one goes. */
export function summaryOf(given: string | Reply = 'A scripted summary.'): Reply {
  return typeof given === 'string' ? reply(text(given)) : given
}
