/**
 * What every `SessionStore` must keep, as cases for any test runner: each opens a fresh subject and uses `node:assert`
 * only. `@turnstead/testkit/contract` runs them, and so does a loop over `it(name, () => run(subject))`.
 */
import { answerCases } from './contract/asks/answering.js'
import { askingCases } from './contract/asks/asking.js'
import { cancelCases } from './contract/cancelling.js'
import { conversationClaimCases } from './contract/claiming-conversations.js'
import { claimCases } from './contract/claiming.js'
import { fenceCases } from './contract/fencing.js'
import { giveBackCases } from './contract/giving-back.js'
import { leftoverCases } from './contract/leftovers.js'
import { peekCases } from './contract/peeking.js'
import { placeCases } from './contract/placing.js'
import { queueCases } from './contract/queueing.js'
import { raceCases } from './contract/racing.js'
import { recreateCases } from './contract/recreating.js'
import { renewalCases } from './contract/renewing.js'
import { repeatCases } from './contract/repeating.js'
import { restartCases } from './contract/restarting.js'
import { sessionCases } from './contract/sessions.js'
import { steerCases } from './contract/steering.js'
import type { SessionStoreCase } from './contract/subject.js'
import { valueCases } from './contract/values.js'

export { notifierContract } from './contract/ports/notifying.js'
export type { NotifierCase, NotifierSubject } from './contract/ports/notifying.js'
export { outboxStoreContract } from './contract/ports/outbox.js'
export type { OutboxCase, OutboxSubject } from './contract/ports/outbox.js'
export { parkingContract } from './contract/asks/parking.js'
export type { SessionStoreCase, SessionStoreSubject } from './contract/subject.js'

/** Every case; each name is one promise. */
export const sessionStoreContract: readonly SessionStoreCase[] = [
  ...claimCases,
  ...restartCases,
  ...conversationClaimCases,
  ...renewalCases,
  ...leftoverCases,
  ...fenceCases,
  ...repeatCases,
  ...valueCases,
  ...peekCases,
  ...cancelCases,
  ...askingCases,
  ...answerCases,
  ...queueCases,
  ...giveBackCases,
  ...steerCases,
  ...sessionCases,
  ...recreateCases,
  ...placeCases,
  ...raceCases,
]
