import type { Attributes } from '@opentelemetry/api'

import { genAi } from './genai.js'

type RowId = string | number | bigint

interface TurnIds {
  readonly conversationId: RowId
  readonly turnId: RowId
}

/** What every span of a turn says. */
export function ofTurn({ conversationId, turnId }: TurnIds): Attributes {
  return { [genAi.conversation]: String(conversationId), 'turnstead.turn.id': String(turnId) }
}

/** When something was observed. */
export function times({ startedAt, endedAt }: { readonly startedAt: number; endedAt?: number }): {
  readonly start: number
  readonly end: number | undefined
} {
  return { start: startedAt, end: endedAt }
}

/** A span's name by the conventions: what is done, and by whom or with what. */
export function withName(operation: string, name: string | null): string {
  return name === null ? operation : `${operation} ${name}`
}
