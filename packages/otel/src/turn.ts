import { type Meter } from '@opentelemetry/api'
import type { ArtifactTrace, ClaimTrace, SessionTrace, SettleTrace } from '@turnstead/turn'

import { present } from './attributes.js'
import type { Follow } from './follow-channel.js'
import { boundaries, genAi } from './genai.js'
import { ofTurn } from './of-turn.js'

/** What a turn does around its agent. */
export function followTurn(follow: Follow, meter: Meter): void {
  const seconds = { unit: 's', advice: { explicitBucketBoundaries: [...boundaries.seconds] } }
  const claims = meter.createHistogram('turnstead.turn.claim.duration', seconds)
  const sessions = meter.createHistogram('turnstead.turn.session.duration', seconds)
  const settles = meter.createHistogram('turnstead.turn.settle.duration', seconds)
  const collections = meter.createHistogram('turnstead.turn.artifact.duration', seconds)

  follow<ClaimTrace>({
    channel: 'turnstead:turn:claim',
    name: () => 'claim turn',
    atStart: ({ turnId, conversationId, owner }) => ({
      'turnstead.turn.id': String(turnId),
      [genAi.conversation]: String(conversationId),
      'turnstead.owner': owner,
    }),
    atEnd: ({ outcome }) => present({ 'turnstead.outcome': outcome }),
    measure: ({ outcome }, duration, failed) =>
      claims.record(duration, { ...present({ 'turnstead.outcome': outcome }), ...failed }),
  })

  follow<SessionTrace>({
    channel: 'turnstead:turn:session',
    name: () => 'ensure session',
    partOf: ({ turn }) => turn,
    atStart: ({ turn }) => ofTurn(turn),
    atEnd: ({ outcome, sessionId }) =>
      present({ 'turnstead.outcome': outcome, 'turnstead.session.id': sessionId }),
    measure: ({ outcome }, duration, failed) =>
      sessions.record(duration, { ...present({ 'turnstead.outcome': outcome }), ...failed }),
  })

  follow<SettleTrace>({
    channel: 'turnstead:turn:settle',
    name: () => 'settle turn',
    partOf: ({ turn }) => turn,
    atStart: ({ turn, status }) => ({ ...ofTurn(turn), 'turnstead.status': status }),
    atEnd: ({ isWritten }) => present({ 'turnstead.written': isWritten }),
    measure: ({ status }, duration, failed) =>
      settles.record(duration, { 'turnstead.status': status, ...failed }),
  })

  follow<ArtifactTrace>({
    channel: 'turnstead:turn:artifact',
    name: () => 'keep files',
    partOf: ({ turn }) => turn,
    atStart: ({ turn, tools }) => ({ ...ofTurn(turn), 'turnstead.tools': tools }),
    atEnd: ({ kept, dropped }) =>
      present({ 'turnstead.files.kept': kept, 'turnstead.files.dropped': dropped }),
    measure: (_, duration, failed) => collections.record(duration, failed),
  })
}
