import { asRecord, type Json, type MessageRecord } from '../state/records.js'
import { structuredOutput } from '../steps/tool-run.js'

/** What a prompt for an object adds to its answer: the object, or that there is none; null while the answer goes on. */
export function structuredOutcome(user: MessageRecord, message: MessageRecord): Json | null {
  const format = asRecord(user.info['format'])
  if (format?.['type'] !== 'json_schema') return null
  const call = [...message.parts.values()].findLast(
    (part) =>
      part['tool'] === structuredOutput && asRecord(part['state'])?.['status'] === 'completed',
  )
  if (call) return { structured: asRecord(call['state'])?.['input'] }
  const { error, finish } = message.info
  if (error !== undefined || finish === 'tool-calls' || finish === 'unknown') return null
  const data = { message: 'Model did not produce structured output', retries: 0 }
  return { error: { name: 'StructuredOutputError', data } }
}
