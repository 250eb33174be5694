import { type AnswerFault, fault } from '@turnstead/testkit'
import { runTurn, type TurnResult } from '../src/index.js'
import type { Tally } from './figures.js'
import { inParallel } from './in-parallel.js'
import type { Allowed } from './scenes.js'
import { verdictOf } from './verdict.js'
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

const atOnce = 6
const completed: Allowed = new Set(['completed'])

interface Case {
  readonly request: (typeof requests)[number]
  readonly name: string
  readonly broken: AnswerFault
  readonly times: number
}

/** Every fault at every request, once or twice and then gone: a turn must not notice. */
const cases: readonly Case[] = requests.flatMap((request) =>
  Object.entries({ ...troubles, ...shapes }).flatMap(([name, broken]) =>
    [1, 2].map((times) => ({ request, name, broken, times })),
  ),
)

/** 204 is how this request is answered: a server that says so twice and has nothing lost the prompt. */
function isProper({ request, name }: Case): boolean {
  return request === 'POST /session/*/prompt_async' && name === 'no content'
}

export async function runFaults(ground: Ground, tally: Tally, everyNth: number): Promise<void> {
  const tried = cases.filter((each, index) => index % everyNth === 0 && !isProper(each))
  await inParallel(tried, atOnce, async ({ request, name, broken, times }) => {
    const where = `${ground.name}: ${name} at ${request}, ${times} times`
    const stage = await openStage(ground)
    const heal = stage.upstream.impostor.fail(request, broken, { times })
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
  })
}

async function again(stage: Stage, result: TurnResult): Promise<TurnResult> {
  return result.status === 'skipped' && result.mustRunAgain ? await runAsJob(stage) : result
}
