import { flag, nested, number, string, strings } from '../records/fields.js'
import type { Fields } from '../records/fields.js'
import { toJsonObject, toJsonValue } from '../records/json-value.js'
import { readReplyError } from '../records/reply-error.js'
import type { PartBody, WrittenBody } from '../state/state.js'
import { readTokens } from '../records/tokens.js'
import { readAttachment, readToolBody } from './tool-body.js'

/**
 * Reads the content of a server part, streamed or polled: both have the same shape, so there is one reader.
 *
 * `known` is the content as it is known. `null` means that the part must stay as it is.
 */
export function readBody(raw: Fields, known: PartBody | null, polled: boolean): PartBody | null {
  const type = string(raw, 'type')
  switch (type) {
    case 'text':
    case 'reasoning':
      return readWritten(type, raw, polled ? null : known)
    case 'tool':
      return readToolBody(raw, known?.kind === 'tool' ? known : null, polled)
    case 'file': {
      const file = readAttachment(raw)
      if (file === null) return readUnknown(raw)
      const { id: _, ...rest } = file
      return { kind: 'file', ...rest }
    }
    case 'patch':
      return {
        kind: 'patch',
        hash: string(raw, 'hash'),
        files: strings(raw, 'files'),
      }
    case 'step-start':
      return { kind: 'step-start', snapshot: string(raw, 'snapshot') }
    case 'step-finish':
      return readStepFinish(raw)
    case 'retry':
      return readRetry(raw)
    case 'compaction':
      return {
        kind: 'compaction',
        auto: flag(raw, 'auto'),
        overflow: flag(raw, 'overflow'),
      }
    default:
      return readUnknown(raw)
  }
}

function readWritten(kind: WrittenBody['kind'], raw: Fields, known: PartBody | null): WrittenBody {
  const before = known?.kind === kind ? known : null
  const time = nested(raw, 'time')
  return {
    kind,
    synthetic: flag(raw, 'synthetic'),
    startedAt: number(time, 'start') ?? before?.startedAt ?? null,
    endedAt: number(time, 'end') ?? before?.endedAt ?? null,
    metadata: toJsonObject(raw['metadata']) ?? before?.metadata ?? null,
  }
}

function readStepFinish(raw: Fields): PartBody {
  return {
    kind: 'step-finish',
    reason: string(raw, 'reason'),
    cost: number(raw, 'cost') ?? 0,
    tokens: readTokens(raw),
    snapshot: string(raw, 'snapshot'),
  }
}

function readRetry(raw: Fields): PartBody {
  return {
    kind: 'retry',
    attempt: number(raw, 'attempt') ?? 0,
    message: readReplyError(raw['error'])?.message ?? '',
    nextAt: null,
  }
}

function readUnknown(raw: Fields): PartBody {
  return { kind: 'unknown', type: string(raw, 'type') ?? '', data: toJsonValue(raw) }
}
