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

/** Hands a change to the observer's callback for it. */
export function notify(observer: ReplyObserver, change: Change): void {
  observer.changed?.(change)
  switch (change.type) {
    case 'text-delta':
      return observer.textDelta?.(change)
    case 'part-added':
      return observer.partAdded?.(change)
    case 'part-changed':
      return observer.partChanged?.(change)
    case 'part-finished':
      return observer.partFinished?.(change)
    case 'tool-progressed':
      return observer.toolProgressed?.(change)
    case 'part-removed':
      return observer.partRemoved?.(change)
    case 'step-finished':
      return observer.stepFinished?.(change)
    case 'message-changed':
      return observer.messageChanged?.(change)
    case 'message-removed':
      return observer.messageRemoved?.(change)
    case 'child-changed':
      return observer.childChanged?.(change)
    case 'todos-changed':
      return observer.todosChanged?.(change)
    case 'ask-opened':
      return observer.askOpened?.(change)
    case 'ask-resolved':
      return observer.askResolved?.(change)
    case 'ask-expired':
      return observer.askExpired?.(change)
    case 'ask-withdrawn':
      return observer.askWithdrawn?.(change)
    case 'retried':
      return observer.retried?.(change)
    case 'errored':
      return observer.errored?.(change)
    case 'status-changed':
      return observer.statusChanged?.(change)
    case 'totals-changed':
      return observer.totalsChanged?.(change)
    case 'anomaly':
      return observer.anomaly?.(change)
  }
}
