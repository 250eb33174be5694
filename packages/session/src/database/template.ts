import type { Knex } from 'knex'
import { wholeNumber } from '../values/whole-number.js'

/** What a statement is run with. */
export type TemplateValues = Readonly<Record<string, string | number | null>>

interface Template {
  readonly sql: string
  /** Each binding: the name of a value, or what is the same every time. */
  readonly bindings: readonly ({ readonly name: string } | { readonly constant: Knex.Value })[]
}

/** By Knex's client, which may write names in its own way, and by owner. */
const templates = new WeakMap<object, WeakMap<object, Map<string, Template>>>()

/**
 * A statement that is made by Knex once for each owner, and run with other values from then on: to make one anew costs more than to
 * run it. A value may decide what is built only by being null, or by being the text of a whole number or not.
 */
export function fromTemplate<Values extends TemplateValues>(
  knex: Knex,
  { owner, name }: { readonly owner: object; readonly name: string },
  values: Values,
  build: (places: Values) => Knex.QueryBuilder,
): Knex.Raw {
  const client = knex.client as object
  const ofClient = templates.get(client) ?? new WeakMap<object, Map<string, Template>>()
  templates.set(client, ofClient)
  const known = ofClient.get(owner) ?? new Map<string, Template>()
  ofClient.set(owner, known)
  const key = `${name} ${Object.values(values).map(kindOf).join('')}`
  const template = known.get(key) ?? makeTemplate(values, build)
  known.set(key, template)
  const bindings = template.bindings.map((each) =>
    'constant' in each ? each.constant : (values[each.name] ?? null),
  )
  return knex.raw(template.sql, bindings as Knex.RawBinding[])
}

function kindOf(value: string | number | null): string {
  if (value === null) return 'n'
  if (typeof value === 'number') return 'd'
  return wholeNumber.test(value) ? 'w' : 's'
}

/** Built with values that no statement has by itself, which show where the others go. */
function makeTemplate<Values extends TemplateValues>(
  values: Values,
  build: (places: Values) => Knex.QueryBuilder,
): Template {
  const places = new Map<unknown, string>()
  const standIns = Object.entries(values).map(([name, value], index) => {
    const standIn = standInFor(value, index)
    if (standIn !== null) places.set(standIn, name)
    return [name, standIn] as const
  })
  const { sql, bindings } = build(Object.fromEntries(standIns) as Values).toSQL()
  return {
    sql,
    bindings: bindings.map((binding: unknown) => {
      const name = places.get(binding)
      return name === undefined ? { constant: binding as Knex.Value } : { name }
    }),
  }
}

const firstNumber = 8_111_222_333_000_000

function standInFor(value: string | number | null, index: number): string | number | null {
  switch (kindOf(value)) {
    case 'n':
      return null
    case 'd':
      return firstNumber + index
    case 'w':
      return String(firstNumber + index)
    default:
      return `stand-in ${index} of a template`
  }
}
