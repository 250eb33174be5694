import type { TurnRun } from './run.js'

/** A permission or question of the agent that waits for an answer. */
export interface Ask {
  readonly kind: 'permission' | 'question'
  readonly id: string
  /** The turn's session or one of its sub-agents'. */
  readonly sessionId: string
  /** The server's own payload: `permission`, `patterns`, `metadata` or `questions`. */
  readonly request: Readonly<Record<string, unknown>>
}

/** `wait`: a person will answer, by whatever process. Answers of questions are one array of labels per question. */
export type AskAnswer =
  | { readonly do: 'allow' }
  | { readonly do: 'answer'; readonly answers: readonly (readonly string[])[] }
  | { readonly do: 'reject'; readonly message?: string }
  | { readonly do: 'wait' }

/** Decides what becomes of an ask. Called once per ask and process; an error counts as `wait`. */
export type AskPolicy = (ask: Ask) => AskAnswer | Promise<AskAnswer>

/** For turns without anybody to ask: every permission and question is rejected. */
export const rejectAsks: AskPolicy = () => ({ do: 'reject' })

/** Leaves every ask to a person until the `askMs` budget ends. */
export const waitForPerson: AskPolicy = () => ({ do: 'wait' })

/** The asks of one turn: what was heard, what was decided, since when a person is waited for. */
export interface AskDesk {
  hear(type: string, properties: Readonly<Record<string, unknown>>): void
  /** True while an ask was heard that the policy has not seen. */
  readonly hasNew: boolean
  /** Asks the policy about new ones, rejects those whose time is over. */
  attend(run: TurnRun): Promise<void>
  /** Takes the server's own lists as the truth after a gap. */
  seed(open: readonly Ask[]): void
  /** When the first waiting ask runs out of time; Infinity when none waits. */
  nextDeadline(askMs: number): number
}

interface OpenAsk {
  readonly ask: Ask
  since: number | null
}

export function createAskDesk(): AskDesk {
  const open = new Map<string, OpenAsk>()

  return {
    get hasNew() {
      return [...open.values()].some((entry) => entry.since === null)
    },
    hear(type, properties) {
      const ask = toAsk(type, properties)
      if (ask !== null && !open.has(ask.id)) open.set(ask.id, { ask, since: null })
      const answered = isAnswer(type) ? properties['requestID'] : undefined
      if (typeof answered === 'string') open.delete(answered)
    },
    seed(asks) {
      const listed = new Set(asks.map((ask) => ask.id))
      for (const id of open.keys()) if (!listed.has(id)) open.delete(id)
      for (const ask of asks) if (!open.has(ask.id)) open.set(ask.id, { ask, since: null })
    },
    nextDeadline(askMs) {
      return Math.min(
        Infinity,
        ...[...open.values()].map((entry) => (entry.since === null ? Infinity : entry.since + askMs)),
      )
    },
    async attend(run) {
      const { clock, budgets } = run.setup
      for (const entry of [...open.values()]) {
        if (entry.since === null) {
          entry.since = clock.now()
          await answer(run, entry.ask, await decide(run, entry.ask), run)
        } else if (clock.now() >= entry.since + budgets.askMs) {
          entry.since = clock.now()
          await answer(run, entry.ask, { do: 'reject', message: 'Nobody answered in time.' }, run)
        }
      }
      suspendWhileBlocked(run, open.size > 0)
    },
  }
}

/** The asks that the server lists for these sessions. */
export async function listAsks(
  run: TurnRun,
  sessionIds: ReadonlySet<string>,
  options: { readonly signal: AbortSignal },
): Promise<Ask[]> {
  const { client } = run.setup
  const questions = await client.question.list(options)
  // While any pending webfetch ask of the directory lacks a timeout this list answers 400; the events still tell.
  const permissions = await client.permission.list(options).catch((error: unknown) => {
    run.setup.report(error, 'asks')
    return []
  })
  const asks = [...permissions.map(toPermissionAsk), ...questions.map(toQuestionAsk)]
  return asks.filter((ask) => sessionIds.has(ask.sessionId))
}

/** Sends one answer; an ask that is gone already is no error. */
export async function answer(
  run: TurnRun,
  ask: Ask,
  decision: AskAnswer,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const { client, report } = run.setup
  if (decision.do === 'wait') return
  try {
    if (ask.kind === 'permission') {
      const message = decision.do === 'reject' ? decision.message : undefined
      const reply = decision.do === 'allow' ? 'once' : 'reject'
      await client.permission.reply(ask.id, { reply, ...(message ? { message } : {}) }, options)
    } else if (decision.do === 'answer') {
      await client.question.reply(ask.id, { answers: decision.answers.map((one) => [...one]) }, options)
    } else {
      await client.question.reject(ask.id, options)
    }
  } catch (error) {
    report(error, 'asks')
  }
}

async function decide(run: TurnRun, ask: Ask): Promise<AskAnswer> {
  try {
    return await run.setup.asks(ask)
  } catch (error) {
    run.setup.report(error, 'asks')
    return { do: 'wait' }
  }
}

function suspendWhileBlocked(run: TurnRun, isBlocked: boolean): void {
  const { usage } = run
  const now = run.setup.clock.now()
  if (isBlocked) {
    usage.blockedSince ??= now
  } else if (usage.blockedSince !== null) {
    usage.blockedMs += now - usage.blockedSince
    usage.blockedSince = null
    usage.progressAt = now
  }
}

function isAnswer(type: string): boolean {
  return type === 'permission.replied' || type === 'question.replied' || type === 'question.rejected'
}

function toAsk(type: string, properties: Readonly<Record<string, unknown>>): Ask | null {
  if (type === 'permission.asked') return toPermissionAsk(properties)
  if (type === 'question.asked') return toQuestionAsk(properties)
  return null
}

function toPermissionAsk(request: object): Ask {
  return { kind: 'permission', ...identify(request) }
}

function toQuestionAsk(request: object): Ask {
  return { kind: 'question', ...identify(request) }
}

function identify(request: object): Omit<Ask, 'kind'> {
  const fields = request as Readonly<Record<string, unknown>>
  return { id: String(fields['id']), sessionId: String(fields['sessionID']), request: fields }
}
