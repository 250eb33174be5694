import { createHash } from 'node:crypto'

/** A permission rule as the server has it. */
export interface Rule {
  readonly permission: string
  readonly pattern: string
  readonly action: string
}

/** How a session comes to the rules that are wanted. */
export type RulesPlan =
  | { readonly type: 'none' }
  /** They are appended, and decide whatever the earlier ones did. */
  | { readonly type: 'append'; readonly rules: readonly Rule[] }
  /** An earlier rule would go on to decide: nothing takes a rule out of a session. */
  | { readonly type: 'replace' }

/** What a row keeps of rules, in order; null for a host that gives none. */
export function fingerprintOf(rules: readonly Rule[] | undefined): string | null {
  if (rules === undefined) return null
  const plain = rules.map(({ permission, pattern, action }) => [permission, pattern, action])
  return createHash('sha256').update(JSON.stringify(plain)).digest('hex')
}

/**
 * The server appends rules, and the last one that matches decides. So appended rules are all that counts only if each earlier
 * rule is covered by one of them; else what the earlier one allows stays allowed.
 */
export function planRules(has: readonly Rule[], wanted: readonly Rule[]): RulesPlan {
  if (endsWith(has, wanted) && covers(wanted, has.slice(0, has.length - wanted.length))) {
    return { type: 'none' }
  }
  const isBeginning = has.every((rule, index) => isSame(rule, wanted[index]))
  if (isBeginning) return { type: 'append', rules: wanted.slice(has.length) }
  return covers(wanted, has) ? { type: 'append', rules: wanted } : { type: 'replace' }
}

function endsWith(has: readonly Rule[], wanted: readonly Rule[]): boolean {
  const from = has.length - wanted.length
  return from >= 0 && wanted.every((rule, index) => isSame(rule, has[from + index]))
}

/** Whether everything that one of the earlier rules matches is matched by a later one. Patterns are only compared as texts. */
function covers(later: readonly Rule[], earlier: readonly Rule[]): boolean {
  return earlier.every(({ permission, pattern }) =>
    later.some(
      (rule) =>
        (rule.permission === '*' || rule.permission === permission) &&
        (rule.pattern === '*' || rule.pattern === pattern),
    ),
  )
}

function isSame(one: Rule, other: Rule | undefined): boolean {
  return (
    other !== undefined &&
    one.permission === other.permission &&
    one.pattern === other.pattern &&
    one.action === other.action
  )
}
