import type { Bench } from './bench.js'
import { cpuPerDelta, cpuPerEvent, fanout } from './events.js'
import { bigFrame, fuzz } from './frames.js'
import { requests } from './requests.js'

export const benches: readonly Bench[] = [
  cpuPerEvent,
  cpuPerDelta,
  fanout,
  bigFrame,
  fuzz,
  requests,
]
