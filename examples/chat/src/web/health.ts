import type { RequestListener, ServerResponse } from 'node:http'
import type { Knex } from 'knex'

export interface HealthOptions {
  readonly database: Knex
  /** Numbers and states of this process. */
  readonly facts: () => Readonly<Record<string, unknown>>
  /** It takes nothing more. */
  readonly isClosing: () => boolean
}

const answerMs = 2_000

/** Whether this process is of use, for who balances the load or starts it again: 200, else 503; with numbers to be watched. */
export function healthRoute({ database, facts, isClosing }: HealthOptions): RequestListener {
  async function look(response: ServerResponse): Promise<void> {
    const startedAt = performance.now()
    const isUp = await Promise.race([
      database.raw('select 1').then(
        () => true,
        () => false,
      ),
      new Promise<boolean>((resolve) => setTimeout(resolve, answerMs, false).unref()),
    ])
    const { rss, heapUsed } = process.memoryUsage()
    const status = isUp && !isClosing() ? 200 : 503
    const body = {
      status: status === 200 ? 'ok' : isClosing() ? 'closing' : 'no database',
      databaseMs: Math.round(performance.now() - startedAt),
      rssMb: Math.round(rss / 1e6),
      heapMb: Math.round(heapUsed / 1e6),
      ...facts(),
    }
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(body))
  }
  return (_request, response) => void look(response).catch(() => response.destroy())
}
