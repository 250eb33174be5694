import { createHistoryStore } from '@turnstead/session/history'
import { on, reply, type ScriptedModel, text, tool } from '@turnstead/testkit'
import { setTimeout } from 'node:timers/promises'
import {
  type Clock,
  createMemoryHistory,
  createMemoryStore,
  type HistoryStore,
  runTurn,
  type TurnResult,
} from '../../src/index.js'
import { mergeEntries } from '../../src/history/merge-entries.js'
import { type ReplayEvent, toReplayEvents } from '../../src/history/replay-events.js'
import type { Lab } from '../lab.js'
import { contextOf, firstDifference } from './context.js'
import { printFigure } from './print.js'
import type { MortalServer } from './server.js'

const speed = 6
const since = Date.now()
/** A turn asks several times, over two seconds, before it believes that a session is gone. */
const quickly: Clock = {
  now: () => since + (Date.now() - since) * speed,
  sleep: (ms, { signal } = {}) => setTimeout(ms / speed, undefined, { ...(signal && { signal }) }),
}

/**
 * A log that was told up to any one event and no further: with nothing kept that is a refusal with a code, and with the history
 * the model is told all the same. What is kept itself is cut at every message, and refused.
 */
export async function runCuts(lab: Lab, model: ScriptedModel, server: MortalServer): Promise<void> {
  const { knex } = lab.ground.database
  const { client, directory } = server
  const store = createMemoryStore()
  const history = createHistoryStore({ knex })
  const conversationId = 'cut'
  let turns = 0
  model.answer([
    on(
      'Begin cut',
      reply(
        text('Begun. '),
        tool.write({ filePath: 'cut.txt', content: 'x' }),
        tool.task({ description: 'A part', prompt: 'Help with the cut' }, reply(text('Helped.'))),
        text('Done.'),
      ),
    ),
    on('Help with the cut', reply(text('Helped.'))),
    on(/^Next cut/, reply(text('Next.'))),
  ])
  const say = async (words: string, kept: HistoryStore | null): Promise<TurnResult> => {
    turns += 1
    const ids = { conversationId, turnId: `cut ${turns}` }
    store.addTurn(ids)
    return await runTurn({
      ...ids,
      client,
      store,
      clock: quickly,
      prompt: { text: words },
      session: { title: 'A conversation' },
      timing: { pollMs: 500, graceMs: 20_000 },
      ...(kept === null ? {} : { history: kept }),
    })
  }
  const forget = async (): Promise<void> => {
    for (const { id } of await client.session.list({ roots: true })) await client.session.delete(id)
  }
  const wrong = (words: string): void => lab.tally.count('turn.crash.lost', words)

  const begun = await say('Begin cut', history)
  if (begun.status !== 'completed') throw new Error(`the first turn was ${begun.status}`)
  const entries = await history.read(conversationId)
  const [entry] = entries
  if (entry === undefined) throw new Error('nothing was kept')
  const events = mergeEntries(entries).flatMap(toReplayEvents)
  const control = await contextAfter(say, model, frozen(entries))
  let refused = 0
  let restored = 0
  for (let cut = 1; cut < events.length; cut += 1) {
    await forget()
    await tell(server, directory, events.slice(0, cut))
    const none = await say('Next cut', null)
    if (none.status === 'failed' && none.error.code === 'session_lost') refused += 1
    else wrong(`cut at event ${cut}: with nothing kept it was ${outcomeOf(none)}`)
    const context = await contextAfter(say, model, frozen(entries))
    if (context === control) restored += 1
    else wrong(`cut at event ${cut}: ${firstDifference(control, context)}`)
  }
  let incomplete = 0
  const messages = entry.sessions[0]?.messages ?? []
  for (let cut = 0; cut < messages.length; cut += 1) {
    await forget()
    const [root, ...others] = entry.sessions
    if (root === undefined) break
    const short = { ...entry, sessions: [{ ...root, messages: messages.slice(0, cut) }, ...others] }
    const result = await say('Next cut', frozen([short]))
    if (result.status === 'failed' && result.error.code === 'session_not_restored') incomplete += 1
    else wrong(`kept up to message ${cut}: it was ${outcomeOf(result)}`)
  }
  printFigure('turn.outlive.cuts', events.length - 1 + messages.length, { better: 'higher' })
  const right = refused + restored + incomplete
  printFigure('turn.outlive.cuts_in_silence', 2 * (events.length - 1) + messages.length - right)
}

function outcomeOf(result: TurnResult): string {
  return result.status === 'failed' ? result.error.message : result.status
}

/** Always the same, whatever turns add. */
function frozen(entries: Awaited<ReturnType<HistoryStore['read']>>): HistoryStore {
  const { newest: _, ...rest } = createMemoryHistory()
  const head = entries.at(-1) ?? null
  return {
    ...rest,
    newest: async () => head,
    read: async () => entries,
    keep: async () => undefined,
  }
}

async function contextAfter(
  say: (words: string, history: HistoryStore) => Promise<TurnResult>,
  model: ScriptedModel,
  history: HistoryStore,
): Promise<string> {
  const result = await say('Next cut', history)
  if (result.status !== 'completed') return outcomeOf(result)
  const request = model.requests.filter(({ prompt }) => prompt === 'Next cut').at(-1)
  return request === undefined ? 'the model was not asked' : contextOf(request)
}

async function tell(
  { client }: MortalServer,
  directory: string,
  events: readonly ReplayEvent[],
): Promise<void> {
  for (const id of new Set(events.map(({ aggregateID }) => aggregateID))) {
    const own = events.filter(({ aggregateID }) => aggregateID === id)
    await client.request('POST', '/sync/replay', { body: { directory, events: own } })
  }
}
