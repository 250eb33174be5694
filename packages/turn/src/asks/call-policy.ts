import type { Ask } from '@turnstead/reply'
import type { AskWait, PolicyDecision } from '../ask-policy.js'
import type { TurnRun } from '../run/run.js'

/** What counts while a policy has not decided, and when it fails. */
const undecided: AskWait = { action: 'wait' }

/** Asks the host's policy; a decision that is there at once is given at once. Never throws, never rejects. */
export function callPolicy(run: TurnRun, ask: Ask): PolicyDecision | Promise<PolicyDecision> {
  const failed = (error: unknown): PolicyDecision => {
    run.setup.report(error, 'asks')
    return undecided
  }
  try {
    const decision = run.setup.asks(ask)
    if (!isThenable(decision)) return check(ask, decision)
    return Promise.resolve(decision)
      .then((later) => check(ask, later))
      .catch(failed)
  } catch (error) {
    return failed(error)
  }
}

function check(ask: Ask, decision: PolicyDecision): PolicyDecision {
  if (decision.action !== (ask.kind === 'permission' ? 'answer' : 'allow')) return decision
  throw new TypeError(
    `\`asks\` must decide a ${ask.kind} by ${ask.kind === 'permission' ? '`allow`' : '`answer`'}, \`reject\` or \`wait\``,
  )
}

/** A host's promise may be of another realm, or of a library. */
function isThenable(
  value: PolicyDecision | Promise<PolicyDecision>,
): value is Promise<PolicyDecision> {
  return typeof value === 'object' && value !== null && 'then' in value
}
