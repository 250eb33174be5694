import { isDeepStrictEqual } from 'node:util'
import { parseReply, type ReplyPart, type ReplyView } from '@turnstead/reply'
import { foldChange } from '@turnstead/reply/changes'
import { type UiChunk, uiMessageStream } from '@turnstead/reply/ui-message-stream'
import type { FollowedTurn } from '../../src/live.js'

/**
 * Watches a turn to its end, as one who keeps what was told and as a browser that can only append, and says what was wrong: what was
 * shown must never go, and in the end everyone has what the row has.
 */
export async function watchTurn(
  turn: FollowedTurn,
  { mayTakeBack }: { readonly mayTakeBack: boolean },
): Promise<string[]> {
  const wrong = new Set<string>()
  let told = turn.view()
  let shown = told
  turn.observe({
    changed(change) {
      if (change.revision !== told.revision + 1) wrong.add('a change is missing')
      told = foldChange(told, change)
      if (!mayTakeBack) for (const words of lostBetween(shown, told)) wrong.add(words)
      shown = told
    },
  })
  const browser = readStream(turn, mayTakeBack)
  const row = await turn.ended
  for (const words of await browser) wrong.add(words)
  const view = turn.view()
  if (!isDeepStrictEqual(told, view)) wrong.add('what was told is not what is shown')
  const { state } = turn.outcome()
  if ((row.status === 'completed') !== (state === 'completed')) {
    wrong.add(`the row is ${row.status}, the outcome ${state}`)
  }
  if (turn.standing.state !== row.status) wrong.add(`it stands at ${turn.standing.state}`)
  const stored = row.reply === null ? null : parseReply(row.reply)
  stored?.close()
  const inRow = stored === null ? [] : stored.view().parts
  if (!isDeepStrictEqual(jsonOf(view.parts), jsonOf(inRow))) {
    wrong.add(`shown ${summaryOf(view.parts)}, stored ${summaryOf(inRow)}`)
  }
  return [...wrong]
}

/** What a reader had and has no more. */
function lostBetween(from: ReplyView, to: ReplyView): string[] {
  const parts = new Map(to.parts.map((part) => [part.id, part]))
  return from.parts.flatMap((before) => {
    const after = parts.get(before.id)
    if (after === undefined) return before.kind === 'retry' ? [] : [`${before.kind} is gone`]
    if (!hasText(before) || !hasText(after)) return []
    if (after.text.length < before.text.length) {
      return [`“${before.text}” became “${after.text}”`]
    }
    // With a hole in it, it is known to be wrong until the server states it.
    const isSure = !before.gapped && !after.gapped
    return isSure && !after.text.startsWith(before.text)
      ? [`“${before.text}” became “${after.text}”`]
      : []
  })
}

/** A browser's message: it can only append. */
async function readStream(turn: FollowedTurn, mayTakeBack: boolean): Promise<string[]> {
  const texts = new Map<string, string>()
  const wrong: string[] = []
  for await (const chunk of uiMessageStream(turn, { ended: turn.ended })) {
    const { type } = chunk as UiChunk
    if (chunk.type === 'text-start') texts.set(chunk.id, '')
    if (chunk.type === 'text-delta') {
      texts.set(chunk.id, (texts.get(chunk.id) ?? '') + chunk.delta)
    }
    if (chunk.type === 'data-withdrawn') {
      texts.delete(chunk.id)
      if (!mayTakeBack) wrong.push(`the browser’s ${chunk.id} was taken back`)
    }
    if (type === 'abort' && turn.record.status === 'completed') wrong.push('the stream broke off')
  }
  const read = [...texts.values()].join('|')
  const view = turn.view()
  const expected = view.parts.flatMap((part) =>
    part.kind === 'text' && part.text !== '' ? [part.text] : [],
  )
  if (read !== expected.join('|'))
    wrong.push(`the browser read “${read}” of “${expected.join('|')}”`)
  return wrong
}

type Written = Extract<ReplyPart, { readonly kind: 'text' | 'reasoning' }>

function hasText(part: ReplyPart): part is Written {
  return part.kind === 'text' || part.kind === 'reasoning'
}

function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function summaryOf(parts: readonly ReplyPart[]): string {
  return parts
    .map((part) => (hasText(part) ? `“${part.text}”` : `${part.kind} ${JSON.stringify(part)}`))
    .join(', ')
    .slice(0, 400)
}
