import { fileURLToPath } from 'node:url'
import { reply, text, tool } from '../../src/index.js'
import type { ChaosFinding, ChaosOptions } from '../../src/chaos.js'

/** A way to get a host wrong: what it is seen as, and a point at which it shows. */
export interface PlantedFault {
  readonly name: string
  readonly kind: ChaosFinding['kind']
  readonly at: string
  /** It shows only while the agent is at work. */
  readonly isInMidst?: true
}

const sent = 'POST /session/*/prompt_async after it is answered'
const looked = 'GET /session/*/message before it is answered'

/** The faults of the sample host. */
export const plantedFaults: readonly PlantedFault[] = [
  { name: 'stores-after-sending', kind: 'doubled', at: sent },
  { name: 'session-not-stored', kind: 'doubled', at: sent },
  { name: 'sends-again-when-unsure', kind: 'doubled', at: sent, isInMidst: true },
  { name: 'runs-side-by-side', kind: 'doubled', at: 'twice at once' },
  {
    name: 'believes-half-an-answer',
    kind: 'changed',
    at: 'frame message.part.delta (6)',
    isInMidst: true,
  },
  { name: 'settles-twice', kind: 'changed', at: 'again after its end' },
  { name: 'swallows-errors', kind: 'lost', at: looked },
  { name: 'acknowledges-first', kind: 'stuck', at: looked },
  { name: 'never-resumes', kind: 'stuck', at: looked },
  { name: 'waits-for-the-event', kind: 'stuck', at: 'frame session.idle' },
]

const folder = fileURLToPath(new URL('../chaos-host/', import.meta.url))
const script = (name: string): string => `"${process.execPath}" "${folder}${name}.mjs"`

/** The sample host, right or with a fault. */
export function sampleHost(fault = ''): ChaosOptions {
  const isInMidst = plantedFaults.some((each) => each.name === fault && each.isInMidst === true)
  const paceMs = isInMidst ? 100 : 10
  const named = (command: string): string => `HOST_FAULT=${fault} exec ${command}`
  return {
    worker: named(script('worker')),
    begin: named(script('begin')),
    deliver: named(script('deliver')),
    check: named(script('check')),
    scenario: reply(
      text('Let me see. ', { paceMs }),
      tool.todowrite({ todos: [] }),
      text('It takes a moment to say all of this, long enough to come back into.', { paceMs }),
    ),
    // Also on a machine that other tests share: a host that is right ends long before.
    timeoutMs: fault === '' ? 60_000 : 7_000,
    quietMs: 300,
  }
}
