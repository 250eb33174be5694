import { type AnswerFault, fault } from '@turnstead/testkit'
import { runTurn, type TurnResult } from '../src/index.js'
import type { Tally } from './figures.js'
import { type Allowed, verdictOf } from './verdict.js'
import { type Ground, openStage, runAsJob, type Stage } from './stage.js'

const json = (body: unknown): AnswerFault =>
  fault.status(200, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const page = (status: number): AnswerFault =>
  fault.status(status, {
    headers: { 'content-type': 'text/html', location: 'https://login.example' },
    body: '<html>default backend</html>',
  })

/** Answers of another shape; the turn must never reject because of them. */
const shapes: Readonly<Record<string, AnswerFault>> = {
  null: json(null),
  '{}': json({}),
  '[null]': json([null]),
  '[{}]': json([{}]),
  '"text"': json('text'),
  'a map of nulls': json({ a: null }),
  'no content': fault.status(204),
}

/** What happens to a request or to its answer on the way. */
const troubles: Readonly<Record<string, AnswerFault>> = {
  refused: fault.refuse(),
  'a lost answer': fault.loseAnswer(),
  'half an answer': fault.truncate(),
  'a reset': fault.reset(),
  500: fault.serverError(),
  503: fault.unavailable(),
  429: fault.tooManyRequests(),
  'a web page': fault.html(),
  'a 302 of a proxy': page(302),
  'a 403 of a firewall': page(403),
  'a 404 of an ingress': page(404),
  'one wrong 404': fault.notFound(),
}

/** Every request that a turn makes. */
const requests = [
  'POST /session',
  'GET /session',
  'GET /session/*',
  'GET /path',
  'POST /session/*/prompt_async',
  'GET /session/status',
  'GET /session/*/message',
  'GET /session/*/message/*',
  'GET /session/*/children',
  'GET /permission',
  'GET /question',
  'POST /permission/*/reply',
  'POST /session/*/abort',
] as const

const completed: Allowed = new Set(['completed'])

/** Every fault at every request, once and then gone: a turn must not notice. */
export async function runFaults(ground: Ground, tally: Tally): Promise<void> {
  for (const request of requests) {
    for (const [name, broken] of Object.entries({ ...troubles, ...shapes })) {
      for (const times of [1, 2]) {
        const where = `${ground.name}: ${name} at ${request}, ${times} times`
        const stage = await openStage(ground)
        const heal = stage.impostor.fail(request, broken, { times })
        try {
          const last = await runTurn(stage.options()).catch(async (error: unknown) => {
            if (name in shapes)
              tally.count('turn.hostile_json_rejections', `${where}: ${String(error)}`)
            return await runAsJob(stage)
          })
          heal()
          tally.add(where, await verdictOf(stage, await again(stage, last), completed))
        } finally {
          await stage.close()
        }
      }
    }
  }
}

async function again(stage: Stage, result: TurnResult): Promise<TurnResult> {
  return result.status === 'skipped' && result.mustRunAgain ? await runAsJob(stage) : result
}
