import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createTurnWorker,
  resumeTurns,
  runTurn,
  type TurnOptions,
  type TurnWorkerOptions,
} from '../src/index.js'
import { openRig, type Rig } from './support/rig.js'

/** What someone may write in JavaScript, and the words that lead to what was meant. */
const wrong: readonly (readonly [options: (rig: Rig) => Record<string, unknown>, words: RegExp])[] =
  [
    [() => ({ histroy: {} }), /no option "histroy"; `history` may be meant/],
    [() => ({ timing: { parkAfter: 1_000 } }), /"parkAfter"; `parkAfterMs` may be meant/],
    [() => ({ timing: { parkAfterMs: -1 } }), /`timing.parkAfterMs` must be/],
    [() => ({ timing: { parkAfterMs: '1000' } }), /`timing.parkAfterMs` must be/],
    [() => ({ timing: { remindAfterMs: 0 } }), /`timing.remindAfterMs` must be/],
    [() => ({ budgets: { askMS: 5 } }), /"askMS"; `askMs` may be meant/],
    [() => ({ budgets: { askMs: -5 } }), /`budgets.askMs` must be/],
    [() => ({ budgets: { steps: '5' } }), /`budgets.steps` must be/],
    [() => ({ budgets: { requestMs: 0 } }), /`budgets.requestMs` must be/],
    [() => ({ recovery: { onSessionLost: 'restor' } }), /`recovery.onSessionLost` must be/],
    [() => ({ recovery: { onAskLost: 'again' } }), /`recovery.onAskLost` must be ask_again, rerun/],
    [() => ({ recovery: { onAskLosst: 'fail' } }), /"onAskLosst"; `onAskLost` may be meant/],
    [() => ({ recovery: { onServerLost: 'again' } }), /`recovery.onServerLost` must be/],
    [() => ({ recovery: { onElsewhere: 'mov' } }), /`recovery.onElsewhere` must be leave or move/],
    [() => ({ recovery: { emptyReply: true } }), /`recovery.emptyReply` must be/],
    [() => ({ recovery: { maxReruns: '1' } }), /`recovery.maxReruns` must be/],
    [() => ({ recovery: { beforeRestore: 'do' } }), /`recovery.beforeRestore` must be a function/],
    [({ rows }) => ({ history: rows.database.knex }), /`history` has no `newest`: give it/],
    [({ rows }) => ({ store: rows.database.knex }), /`store` has no `claim`: give it/],
    [() => ({ store: undefined }), /`store` is missing: give it/],
    [() => ({ client: undefined }), /`client` is missing: give it/],
    [() => ({ client: 'http://localhost' }), /`client` has no `request`: give it/],
    [() => ({ client: [] }), /`client` must be servers with a `name`/],
    [({ client }) => ({ client: [{ client }] }), /`client` must be servers with a `name`/],
    [() => ({ client: [{ name: 'a' }] }), /`client\[0\].client` is missing: give it/],
    [
      ({ client }) => ({ client: [1, 2].map(() => ({ name: 'a', client })) }),
      /`client` must be servers with a `name` of their own/,
    ],
    [() => ({ notifier: {} }), /`notifier` has no `notify`: give it/],
    [() => ({ artifacts: {} }), /`artifacts` has no `collect`: give it/],
    [() => ({ asks: 'wait' }), /`asks` must be a function, such as `waitForPerson`/],
    [() => ({ onSettled: {} }), /`onSettled` must be a function/],
    [() => ({ session: { model: 'gpt' } }), /`model` must read/],
    [() => ({ promptDefaults: { model: 'gpt' } }), /`model` must read/],
  ]

describe('options that make no sense', () => {
  let rig: Rig
  beforeEach(async () => {
    rig = await openRig([])
  })
  afterEach(() => rig.close())

  const refusal = async (act: () => unknown): Promise<Error> => {
    try {
      await act()
    } catch (error) {
      expect(error).to.satisfy((it: unknown) => it instanceof TypeError || it instanceof RangeError)
      return error as Error
    }
    return expect.fail('it was taken')
  }

  it('are refused with words that help, before a row is touched', async () => {
    for (const [options, words] of wrong) {
      const turnId = await rig.rows.addMessage()
      const given = { ...rig.options(turnId, 'Hello'), ...options(rig) }
      const { message } = await refusal(() => runTurn(given as TurnOptions))
      expect(message).to.match(words)
      expect((await rig.rows.store.read(turnId))?.status, message).to.equal('pending')
    }
  })

  it('are refused when a worker is made, and not by each of its jobs', async () => {
    const { conversationId: _, turnId: __, prompt: ___, ...turns } = rig.options(0, 'Hello')
    for (const [options, words] of wrong) {
      const given = { ...turns, ...options(rig) } as never
      expect((await refusal(() => createTurnWorker(given))).message).to.match(words)
    }
    const resuming = { ...turns, histroy: {} } as never
    expect((await refusal(() => resumeTurns(resuming))).message).to.match(/`resumeTurns` has no/)
  })

  it('are refused of what is said of one turn', async () => {
    const {
      conversationId,
      turnId,
      prompt: _,
      ...turns
    } = rig.options(await rig.rows.addMessage(), 'Hello')
    const turnOptions = (): never => ({ budget: {} }) as never
    await using worker = createTurnWorker({ ...turns, turnOptions, resumeMs: 0 })
    const { message } = await refusal(() => worker.run({ conversationId, turnId }))
    expect(message).to.match(/`turnOptions` has no option "budget"; `budgets`/)
  })

  it('are no mistake where they are of another verb on turns, or the host’s own', async () => {
    const { conversationId: _, turnId: __, prompt: ___, ...turns } = rig.options(0, 'Hello')
    const own: Required<Omit<TurnWorkerOptions, keyof TurnOptions>> = {
      concurrency: 2,
      maxWaiting: 5,
      handOverMs: 1_000,
      resumeMs: 0,
      onPending: () => undefined,
      turnOptions: () => ({}),
    }
    const theirs = { knex: rig.rows.database.knex, clients: [] }
    const all = { ...turns, ...own, ...theirs, limit: 5, history: undefined } as never
    await createTurnWorker(all).close()
    expect(await resumeTurns(all)).to.include({ hasMore: false })
  })
})
