import type { Change } from './change.js'

/** The change of one type. */
export type ChangeOf<Type extends Change['type']> = Extract<Change, { readonly type: Type }>

/**
 * Callbacks for what happens to a reply. Each is optional. One that throws, or that is async and rejects, harms neither
 * the reply nor the others; no one waits for it.
 */
export interface ReplyObserver {
  /** Every change, before the callback of its type. */
  changed?(change: Change): void
  /** Every piece of every text: of reasoning and of sub-agents too. `observeAnswer` has those of the answer alone. */
  textDelta?(change: ChangeOf<'text-delta'>): void
  partAdded?(change: ChangeOf<'part-added'>): void
  partChanged?(change: ChangeOf<'part-changed'>): void
  partFinished?(change: ChangeOf<'part-finished'>): void
  toolProgressed?(change: ChangeOf<'tool-progressed'>): void
  partRemoved?(change: ChangeOf<'part-removed'>): void
  stepFinished?(change: ChangeOf<'step-finished'>): void
  messageChanged?(change: ChangeOf<'message-changed'>): void
  messageRemoved?(change: ChangeOf<'message-removed'>): void
  childChanged?(change: ChangeOf<'child-changed'>): void
  todosChanged?(change: ChangeOf<'todos-changed'>): void
  askOpened?(change: ChangeOf<'ask-opened'>): void
  askResolved?(change: ChangeOf<'ask-resolved'>): void
  askExpired?(change: ChangeOf<'ask-expired'>): void
  askWithdrawn?(change: ChangeOf<'ask-withdrawn'>): void
  retried?(change: ChangeOf<'retried'>): void
  errored?(change: ChangeOf<'errored'>): void
  statusChanged?(change: ChangeOf<'status-changed'>): void
  totalsChanged?(change: ChangeOf<'totals-changed'>): void
  workspaceChanged?(change: ChangeOf<'workspace-changed'>): void
  anomaly?(change: ChangeOf<'anomaly'>): void
  replaced?(change: ChangeOf<'replaced'>): void
}

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name

/** `part-added` is passed to `partAdded`, and so on; a type of change without its callback does not compile. */
type CallbackName = Camel<Change['type']>

/** Called with what an observer threw, or what a promise that it returned was rejected with. */
export type ObserverErrorHandler = (error: unknown, observer: ReplyObserver) => void

/** Hands a change to the observer's callbacks for it. Without closures, which cost a delta more than all the rest. */
export function notify(
  observer: ReplyObserver,
  change: Change,
  onError: ObserverErrorHandler | null,
): void {
  try {
    watch(observer.changed?.(change), observer, onError)
  } catch (error) {
    report(error, observer, onError)
  }
  try {
    // Deltas are many, so they take the short way.
    if (change.type === 'text-delta') watch(observer.textDelta?.(change), observer, onError)
    else watch(observer[nameFor(change)]?.(change as never), observer, onError)
  } catch (error) {
    report(error, observer, onError)
  }
}

/** Whatever its type says, a callback may be async. */
function watch(
  result: unknown,
  observer: ReplyObserver,
  onError: ObserverErrorHandler | null,
): void {
  if (typeof result === 'object')
    Promise.resolve(result).catch((error: unknown) => report(error, observer, onError))
}

/** The handler of failures must not become a failure of its own, so that its own concern no one. */
function report(
  error: unknown,
  observer: ReplyObserver,
  onError: ObserverErrorHandler | null,
): void {
  try {
    watch(onError?.(error, observer), observer, null)
  } catch {
    // Nor is there anyone left to tell.
  }
}

function nameFor({ type }: Change): CallbackName {
  return type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as CallbackName
}
