import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What a parent says to its process, one JSON line each. */
export interface Order<Task = unknown> {
  readonly number: number
  readonly task: Task
}

/** Does what the lines on stdin say, several at once, and answers each by a line, until stdin ends. */
export async function serveOrders<Task>(
  work: (task: Task, order: Order<Task>) => Promise<unknown>,
): Promise<void> {
  say({ number: 0, type: 'ready' })
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order<Task>
    work(order.task, order).then(
      (result) => say({ number: order.number, type: 'done', result }),
      (error: unknown) => say({ number: order.number, type: 'failed', error: String(error) }),
    )
  }
  process.exit()
}

/** Synchronous, so that it is said whatever happens next. A process whose parent is gone ends. */
export function say(line: Readonly<Record<string, unknown>>): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`)
  } catch {
    process.exit()
  }
}
