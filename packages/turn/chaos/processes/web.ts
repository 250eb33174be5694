/** A web process: people watch turns in it that run elsewhere, answer what is asked, and stop them. */
import { followTurn } from '../../src/live.js'
import { type Address, openKnex, openNotifier, openStore, type Place } from '../place.js'
import { serveOrders } from './process.js'
import { person, type Scene, sceneOf } from '../scenes.js'
import { watchTurn } from './watched-turn.js'

/** A turn that people watch. */
export interface WebTask extends Address {
  readonly place: Place
  readonly scene: string
  readonly turnId: number
  /** The server loses what it had shown: then a text may be taken back. */
  readonly mayTakeBack: boolean
}

/** What they saw. */
export interface WebReport {
  /** What was wrong with it, in words. */
  readonly wrong: readonly string[]
}

async function watch(task: WebTask): Promise<WebReport> {
  const knex = openKnex(task.database)
  const notifier = openNotifier(task.notifier)
  const quick = openStore(knex, task.place, notifier)
  const slow = openStore(knex, task.place, null)
  const { turnId } = task
  const scene = sceneOf(task.scene)
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  try {
    // As a host does: what cannot be opened now is opened again.
    const live = await again(() =>
      followTurn({
        store: quick,
        turnId,
        onError,
        ...(notifier === null ? { pollMs: 60 } : { notifier, pollMs: 500 }),
      }),
    )
    const byRows = await again(() => followTurn({ store: slow, turnId, pollMs: 60, onError }))
    if (live === null || byRows === null) return { wrong: ['the turn is not there'] }
    act(scene, { turn: live, store: quick, onError })
    const wrong = await Promise.all([
      watchTurn(live, task).then((words) => words.map((each) => `live: ${each}`)),
      watchTurn(byRows, task).then((words) => words.map((each) => `by rows: ${each}`)),
    ])
    live.close()
    byRows.close()
    return { wrong: wrong.flat() }
  } finally {
    await notifier?.close()
    await knex.destroy()
  }
}

type Followed = NonNullable<Awaited<ReturnType<typeof followTurn>>>
type Store = ReturnType<typeof openStore>

/** What a person does at what is shown. */
function act(
  { person: role }: Scene,
  to: { turn: Followed; store: Store; onError: (error: unknown) => void },
): void {
  const { turn, store, onError } = to
  const done = new Set<string>()
  const once = (what: string, deed: () => Promise<unknown>): void => {
    if (done.has(what)) return
    done.add(what)
    // What the turn's end has overtaken is no one's any more.
    again(deed).catch(onError)
  }
  const look = (): void => {
    const view = turn.view()
    if (role === 'answers') {
      for (const ask of view.asks.filter(({ state }) => state === 'open')) {
        const decision =
          ask.kind === 'permission'
            ? ({ action: 'allow' } as const)
            : ({ action: 'answer', answers: [['this']] } as const)
        const { turnId } = turn
        once(ask.id, async () => {
          const answer = await store.answerAsk({ turnId, askId: ask.id, decision, by: person })
          // It is shown a moment before it is in the row.
          if (!answer.accepted && answer.reason === 'missing') throw new Error('not yet')
        })
      }
    }
    const hasText = view.parts.some((part) => part.kind === 'text' && part.text !== '')
    if (role === 'stops' && hasText) once('stop', () => store.cancel({ turnId: turn.turnId }))
  }
  turn.observe({ changed: look })
  look()
}

const tries = 40

async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await work()
    } catch (error) {
      if (count === tries) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

await serveOrders<WebTask>(watch)
