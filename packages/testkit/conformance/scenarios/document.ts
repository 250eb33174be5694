import {
  requestShapes,
  type RequestShape,
  type Schema,
} from '../../src/generated/request-tables.js'
import { flawOf, lookUp } from '../../src/impostor/checks/check-value.js'
import type { Client } from '../client.js'
import { exampleOf, mutantsOf } from '../mutants.js'
import type { ConformanceScenario } from '../scenario.js'

/** Operations that would end or change the server for the scenarios after it. */
const skipped = /\/global\/(upgrade|dispose)|\/instance\/dispose|console\/switch|\/tui\/control/u

/** So many wrong bodies are sent to one operation. */
const most = 120

/** Whatever the server's document forbids, refused in its words: a scenario for each operation. */
export const documentScenarios: readonly ConformanceScenario[] = Object.entries(requestShapes)
  .filter(([line, shape]) => !skipped.test(line) && hasChecks(shape))
  .map(([line, shape]) => ({
    name: `what the document forbids: ${line}`,
    run: (client) => sendForbidden(client, line, shape),
  }))

function hasChecks({ params, query, needs, body }: RequestShape): boolean {
  const checked = [...Object.values(params ?? {}), ...Object.values(query ?? {})]
  return body !== undefined || needs !== undefined || checked.some((each) => isChecked(each))
}

function isChecked(schema: Schema): boolean {
  const { anyOf, enum: values, pattern, type } = lookUp(schema)
  return [anyOf, values, pattern].some((each) => each !== undefined) || type === 'integer'
}

async function sendForbidden(client: Client, line: string, shape: RequestShape): Promise<void> {
  const [method = '', path = ''] = line.split(' ')
  const session = path.includes(':sessionID') ? await client.session() : ''
  const needed = (shape.needs ?? []).map(
    (name) => [name, String(exampleOf(shape.query?.[name] ?? {}, lookUp))] as const,
  )
  const target = (
    params: Readonly<Record<string, string>> = {},
    query: readonly (readonly [string, string])[] = needed,
  ): string => {
    const filled = path.replace(/:(\w+)|\*/gu, (_all, name: string | undefined) => {
      if (name === undefined) return 'a'
      const given = params[name] ?? (name === 'sessionID' ? session : null)
      return given ?? String(exampleOf(shape.params?.[name] ?? {}, lookUp))
    })
    const search = new URLSearchParams(Object.fromEntries(query)).toString()
    return search === '' ? filled : `${filled}?${search}`
  }
  const example = shape.body === undefined ? undefined : exampleOf(shape.body, lookUp)
  for (const [name, schema] of Object.entries(shape.params ?? {}))
    if (lookUp(schema).pattern !== undefined)
      await client.send(method, target({ [name]: 'wrong' }), example)
  for (const [name, schema] of Object.entries(shape.query ?? {})) {
    const others = needed.filter(([each]) => each !== name)
    if (shape.needs?.includes(name)) await client.send(method, target({}, others), example)
    for (const value of wrongTexts(schema))
      await client.send(method, target({}, [...others, [name, value]]), example)
  }
  if (shape.body !== undefined) await sendBodies(client, line, target(), shape.body)
}

/** Values of a query that do not fit. */
function wrongTexts(schema: Schema): readonly string[] {
  const { anyOf, enum: values, pattern, type, minimum = 0, maximum } = lookUp(schema)
  if (anyOf !== undefined || values !== undefined || pattern !== undefined) return ['wrong', '']
  if (type !== 'integer') return []
  const beyond = maximum === undefined || maximum > 1e15 ? [] : [String(maximum + 1)]
  return ['x', '1.5', String(minimum - 1), '9007199254740993', ...beyond]
}

async function sendBodies(
  client: Client,
  line: string,
  path: string,
  schema: Schema,
): Promise<void> {
  const [method = ''] = line.split(' ')
  await client.send(method, path, undefined, { raw: '{not json' })
  for (const type of ['text/plain', 'application/x-www-form-urlencoded; charset=utf-8'])
    await client.send(method, path, undefined, { raw: 'x', headers: { 'content-type': type } })
  const refused = mutantsOf(schema, lookUp).filter(
    ({ value }) => flawOf(schema, value, { path: [], line, owner: null }) !== null,
  )
  const step = Math.max(1, Math.ceil(refused.length / most))
  for (const [index, { value }] of refused.entries())
    if (index % step === 0)
      await client.send(method, path, undefined, { raw: JSON.stringify(value) })
}
