import type { RowId } from '../records.js'
import { channels, type VerbTrace } from './channels.js'

/** Calls of a verb between the events of its channel. Node's own `tracePromise` would also publish rows and errors. */
async function trace<Result>(context: VerbTrace, run: () => Promise<Result>): Promise<Result> {
  const { verb } = channels
  return await verb.start.runStores(context, async () => {
    try {
      const running = run()
      verb.end.publish(context)
      const result = await running
      const outcome = outcomeOf(result)
      if (outcome !== undefined) context.outcome = outcome
      return result
    } catch (error) {
      context.errorCode = toErrorCode(error)
      verb.error.publish(context)
      throw error
    } finally {
      verb.asyncStart.publish(context)
      verb.asyncEnd.publish(context)
    }
  })
}

/** What a call is about, by its first argument. */
type About = Partial<Pick<VerbTrace, 'turnId' | 'conversationId'>>

/** Where the first argument is the id of a row. */
const idOf: Readonly<Record<string, keyof About>> = {
  read: 'turnId',
  ensureSession: 'conversationId',
  recreateSession: 'conversationId',
  abortSession: 'conversationId',
  removeConversation: 'conversationId',
}

/** Reports every call of a verb that answers later. */
export function tracedVerbs<Verbs extends object>(verbs: Verbs, except: readonly string[]): Verbs {
  const entries = Object.entries(verbs).map(([name, verb]) => [
    name,
    except.includes(name) ? verb : traced(name, verb as Verb),
  ])
  return Object.fromEntries(entries) as Verbs
}

type Verb = (...args: readonly unknown[]) => Promise<unknown>

function traced(name: string, verb: Verb): Verb {
  return (...args) => {
    if (!channels.verb.hasSubscribers) return verb(...args)
    const { turnId = null, conversationId = null } = aboutOf(name, args[0])
    return trace({ verb: name, turnId, conversationId }, () => verb(...args))
  }
}

function aboutOf(name: string, argument: unknown): About {
  const about = idOf[name]
  if (about !== undefined) return { [about]: argument as RowId }
  return typeof argument === 'object' && argument !== null ? argument : {}
}

function outcomeOf(result: unknown): string | undefined {
  if (typeof result === 'boolean') return result ? 'done' : 'refused'
  if (result === null) return 'missing'
  if (typeof result !== 'object') return undefined
  for (const word of ['claimed', 'accepted'] as const) {
    const answer = result as { readonly claimed?: boolean; readonly accepted?: boolean }
    if (answer[word] === true) return word
    if (answer[word] === false) return (result as { readonly reason: string }).reason
  }
  return 'turnId' in result ? 'found' : undefined
}

/** Codes and names are short words; anything else may be a message. */
const word = /^[\w.-]{1,64}$/

function toErrorCode(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  for (const each of [code, name]) {
    if (typeof each === 'string' && each !== 'Error' && word.test(each)) return each
  }
  return 'unknown'
}
