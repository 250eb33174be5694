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

/** Hands a change to the observer's callbacks for it. Deltas are many, so they take the short way. */
export function notify(
  observer: ReplyObserver,
  change: Change,
  onError: ObserverErrorHandler | null,
): void {
  attempt(() => observer.changed?.(change), observer, onError)
  if (change.type === 'text-delta') attempt(() => observer.textDelta?.(change), observer, onError)
  else attempt(() => callbackFor(observer, change)?.call(observer, change), observer, onError)
}

function attempt(
  call: () => unknown,
  observer: ReplyObserver,
  onError: ObserverErrorHandler | null,
): void {
  try {
    const result = call()
    if (typeof result === 'object')
      Promise.resolve(result).catch((error: unknown) => report(error, observer, onError))
  } catch (error) {
    report(error, observer, onError)
  }
}

/** The handler of failures must not become a failure of its own, so that its own concern no one. */
function report(
  error: unknown,
  observer: ReplyObserver,
  onError: ObserverErrorHandler | null,
): void {
  if (onError !== null) attempt(() => onError(error, observer), observer, null)
}

function callbackFor(
  observer: ReplyObserver,
  { type }: Change,
): ((change: Change) => void) | undefined {
  const name = type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as CallbackName
  return observer[name] as ((change: Change) => void) | undefined
}
