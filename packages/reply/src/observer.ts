import type { Change } from './change.js'

/** The change of one type. */
export type ChangeOf<Type extends Change['type']> = Extract<Change, { readonly type: Type }>

/** Callbacks for what happens to a reply. Each is optional; a failing one harms neither the reply nor the others. */
export interface ReplyObserver {
  /** Every change, before the callback of its type. */
  changed?(change: Change): void
  partAdded?(change: ChangeOf<'part-added'>): void
  textDelta?(change: ChangeOf<'text-delta'>): void
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
  anomaly?(change: ChangeOf<'anomaly'>): void
}

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name

/** `part-added` is told to `partAdded`, and so on; a type of change without its callback does not compile. */
type CallbackName = Camel<Change['type']>

/** Hands a change to the observer's callback for it. Deltas are many, so they take the short way. */
export function notify(observer: ReplyObserver, change: Change): void {
  observer.changed?.(change)
  if (change.type === 'text-delta') {
    observer.textDelta?.(change)
    return
  }
  const callback = observer[callbackName(change.type)] as ((change: Change) => void) | undefined
  callback?.call(observer, change)
}

function callbackName(type: Change['type']): CallbackName {
  return type.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as CallbackName
}
