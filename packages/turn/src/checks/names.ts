import type { TurnOptions } from '../options.js'
import { type Names, nearestOf } from '../ports/known-options.js'

const ofTurns: Names<TurnOptions> = {
  client: true,
  store: true,
  server: true,
  notifier: true,
  history: true,
  artifacts: true,
  owner: true,
  clock: true,
  ids: true,
  traceContext: true,
  conversationId: true,
  turnId: true,
  prompt: true,
  promptDefaults: true,
  output: true,
  session: true,
  asks: true,
  onBusy: true,
  timing: true,
  recovery: true,
  budgets: true,
  onReply: true,
  onSettled: true,
  onBudgetWarning: true,
  onActivity: true,
  onError: true,
  cancelSignal: true,
  signal: true,
}

/** What only `createTurnWorker` and `resumeTurns` take; a process has one set of options, and gives it to all verbs on turns. */
const ofWorkers = {
  concurrency: true,
  maxWaiting: true,
  handOverMs: true,
  resumeMs: true,
  onPending: true,
  turnOptions: true,
  limit: true,
}

/**
 * Refuses what is nearly an option, as `histroy`. Other names may be the host's: one object often has its `knex`, too, and goes to all.
 *
 * @throws TypeError naming both.
 */
export function assertTurnNames(verb: string, options: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`\`${verb}\` takes an object of options, with \`client\` and \`store\``)
  }
  const known = { ...ofTurns, ...ofWorkers }
  for (const given of Object.keys(options)) {
    const meant = Object.hasOwn(known, given) ? undefined : nearestOf(known, given)
    // Beside `client`, `clients` is no mistake.
    if (meant === undefined || Reflect.get(options, meant) !== undefined) continue
    throw new TypeError(
      `\`${verb}\` has no option ${JSON.stringify(given)}; \`${meant}\` may be meant`,
    )
  }
}
