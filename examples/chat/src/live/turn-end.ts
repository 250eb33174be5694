import { turboStream, type Html } from '@turnstead/reply/turbo'
import { contextChange } from '../views/context-meter.js'
import {
  asksElementId,
  fileList,
  filesElementId,
  standingElementId,
  standingLine,
  type TurnView,
} from '../views/turn.js'

/** What the end of a turn changes on a page that has followed it. */
export function endOfTurn(turn: TurnView, isNewest: boolean): Html[] {
  const { id, conversationId, files, asks, standing, context } = turn
  return [
    ...(isNewest && context !== null ? [contextChange(conversationId, context)] : []),
    turboStream('replace', filesElementId(id), fileList(id, files)),
    turboStream('update', asksElementId(id), asks),
    turboStream('update', standingElementId(id), standingLine(standing)),
  ]
}
