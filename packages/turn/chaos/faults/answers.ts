import { type AnswerFault, fault } from '@turnstead/testkit'

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
export const shapes: Readonly<Record<string, AnswerFault>> = {
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
  'never answered': fault.stall(),
  'a lost answer': fault.loseAnswer(),
  'half an answer': fault.truncate(),
  'a reset': fault.reset(),
  'an answer in drops': fault.drip({ everyMs: 2 }),
  'a late answer': fault.delay(300),
  401: fault.unauthorized(),
  404: fault.notFound(),
  429: fault.tooManyRequests(),
  '429 with a time': fault.tooManyRequests(1),
  500: fault.serverError(),
  503: fault.unavailable(),
  'a web page': fault.html(),
  'a 302 of a proxy': page(302),
  'a 403 of a firewall': page(403),
  'a 404 of an ingress': page(404),
}

/** Every fault of an answer, by name. */
export const answerFaults: readonly (readonly [name: string, broken: AnswerFault])[] =
  Object.entries({ ...troubles, ...shapes })
