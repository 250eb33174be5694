import type { Anomaly, AnomalyCode } from '../records/anomaly.js'
import type { ReplyState } from './state.js'

/** How many anomalies are kept; the rest is dropped. */
const anomalyLimit = 64

/** Records an anomaly. The same one about the same subject is kept once. */
export function recordAnomaly(state: ReplyState, code: AnomalyCode, subject: string | null): void {
  state.grown = null
  const known = state.anomalies.some((each) => each.code === code && each.subject === subject)
  if (known || state.anomalies.length >= anomalyLimit) return
  const anomaly: Anomaly = Object.freeze({ code, subject })
  state.anomalies.push(anomaly)
  state.feed.announce(() => ({ type: 'anomaly', anomaly }))
}
