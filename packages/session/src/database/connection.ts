import type { Knex } from 'knex'

/** What a connection or an answer was waited for in vain. Recognised by its name, as Knex's own. */
class StatementTimeout extends Error {
  override readonly name: string = 'StatementTimeoutError'
}

/** The moment until which something may be waited for. Databases keep real time, whatever the clock of the leases is. */
export interface Deadline {
  readonly ms: number
  readonly at: number
}

export function startDeadline(ms: number): Deadline {
  return { ms, at: performance.now() + ms }
}

export function isOver({ at }: Deadline): boolean {
  return performance.now() >= at
}

/**
 * Uses one connection of the host's pool. Knex would wait for a free one much longer than a lease lasts, and for an answer
 * without an end. A connection that did not answer is closed, since it may never do.
 */
export async function withConnection<Result>(
  knex: Knex,
  deadline: Deadline,
  use: (connection: unknown) => Promise<Result>,
): Promise<Result> {
  const client = knex.client as Knex.Client
  const acquiring = client.acquireConnection() as Promise<unknown>
  const late = `No connection of the pool was free within ${deadline.ms} ms. A verb needs one of its own: inside of a transaction that has the only one it waits for itself.`
  const connection = await within(acquiring, deadline, late, (tooLate) => {
    Promise.resolve(client.releaseConnection(tooLate)).catch(() => undefined)
  })
  const working = use(connection)
  /** What cannot be closed is at work, perhaps in the middle of a transaction, and no one else's until that has ended. */
  let isKept = false
  try {
    const silent = `The database did not answer within ${deadline.ms} ms.`
    return await within(working, deadline, silent)
  } catch (error) {
    if (error instanceof StatementTimeout) isKept = !discard(connection, error)
    throw error
  } finally {
    const release = (): unknown => client.releaseConnection(connection)
    if (isKept) working.then(release, release).catch(() => undefined)
    else await release()
  }
}

/** Keeps a connection from being used again; another one may lead to another server. */
export function retire(connection: unknown, reason: unknown): void {
  ;(connection as { __knex__disposed?: unknown }).__knex__disposed = reason
}

/** What is waited for may come later all the same; its failure is then no one's any more. */
function within<Value>(
  work: Promise<Value>,
  { at }: Deadline,
  late: string,
  onLate?: (value: Value) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(new StatementTimeout(late))
        if (onLate !== undefined) work.then(onLate, () => undefined)
      },
      Math.max(0, at - performance.now()),
    )
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

interface Closable {
  readonly destroy?: () => void
  readonly connection?: { readonly stream?: { readonly destroy?: () => void } }
}

/**
 * To end it properly would wait for the answer, too. mysql2 has a method for it, pg only a socket; an embedded database has
 * neither: false.
 */
function discard(connection: unknown, reason: Error): boolean {
  const { destroy, connection: inner } = connection as Closable
  const socket = inner?.stream
  if (socket?.destroy === undefined && destroy === undefined) return false
  retire(connection, reason)
  if (socket?.destroy !== undefined) socket.destroy()
  else destroy?.call(connection)
  return true
}
