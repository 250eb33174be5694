import type { Ask, PermissionAsk } from '@turnstead/reply'
import type { AskPolicy, PolicyDecision } from '../ask-policy.js'

/** What a rule decides: `wait` leaves it to a person. */
export type RuleAction = 'allow' | 'reject' | 'wait'

/**
 * One rule. Patterns are those of the server's own rules: `*` is any text, `/` included, `?` one character, and a pattern
 * that ends in ` *` holds without it, too. A rule without patterns holds for every ask.
 */
export interface AskRule {
  /** For the row. Default: the rule's number, from 0. */
  readonly name?: string
  /**
   * The tool, such as `bash` or `webfetch`; `question` for questions. The server asks for `write`, `edit` and `apply_patch`
   * by one permission, so a rule for one of them holds for all.
   */
  readonly tool?: string
  /** The permission as the server names it, such as `edit` or `external_directory`. */
  readonly permission?: string
  /** A path that is written or read, relative to the root of the repository; of `external_directory` an absolute one. */
  readonly path?: string
  /** A shell command. The server splits a line into its commands: each must be allowed. */
  readonly command?: string
  readonly action: RuleAction
  /** For `reject`: told to the agent, which then goes on. Without it the turn stops. */
  readonly message?: string
}

/** A policy as data, for configuration and for hosts without a person. */
export interface AskRules {
  /** The last one that holds decides, as with the server's own rules. Where an ask is for several things, the strictest answer counts. */
  readonly rules: readonly AskRule[]
  /** What happens where no rule holds. Default: `reject`. */
  readonly default?: RuleAction
  /** How long a person has, in milliseconds, before what waits is rejected. Default: the `askMs` budget. */
  readonly deadlineMs?: number
}

const actions: readonly string[] = ['allow', 'reject', 'wait']
const patternNames = ['tool', 'permission', 'path', 'command'] as const

/** The server asks for these tools by the permission `edit`. */
const editors: ReadonlySet<string> = new Set(['edit', 'write', 'patch', 'apply_patch', 'multiedit'])
/** The permissions whose patterns are paths. */
const ofPaths: ReadonlySet<string> = new Set(['edit', 'read', 'external_directory'])

/**
 * A policy made of rules. A shell line with a redirection or a substitution (`>`, `<`, backquotes, `$(`) is not allowed by any
 * rule with a `command`: the server's list of its commands does not show where its output goes.
 *
 * @throws TypeError for a rule that makes no sense.
 * @example
 * const asks = asksByRules({
 *   rules: [
 *     { tool: 'edit', path: 'docs/*', action: 'allow' },
 *     { tool: 'bash', command: 'git status *', action: 'allow' },
 *   ],
 * })
 */
export function asksByRules({
  rules,
  default: otherwise = 'reject',
  deadlineMs,
}: AskRules): AskPolicy {
  rules.forEach(assertRule)
  assertAction('default', otherwise)
  if (deadlineMs !== undefined && !(deadlineMs > 0)) {
    throw new RangeError('`deadlineMs` must be a number of milliseconds above 0')
  }
  const own = rules.map((rule, index) => ({ ...rule, name: rule.name ?? String(index) }))
  const fallback: NamedRule = { name: 'default', action: otherwise }
  return (ask) => {
    const deciding = things(ask).map((thing) => own.findLast((rule) => holds(rule, ask, thing)))
    const [strictest = fallback] = deciding
      .map((rule) => rule ?? (ask.kind === 'question' ? forQuestion(fallback) : fallback))
      .toSorted((one, other) => strictness(one) - strictness(other))
    return decide(strictest, deadlineMs)
  }
}

type NamedRule = AskRule & { readonly name: string }

/** From the strictest on. */
function strictness({ action }: NamedRule): number {
  return ['reject', 'wait', 'allow'].indexOf(action)
}

/** A question cannot be allowed. */
function forQuestion(rule: NamedRule): NamedRule {
  return rule.action === 'allow' ? { ...rule, action: 'reject' } : rule
}

/** What an ask is for; null stands for an ask that does not say. */
function things(ask: Ask): readonly (string | null)[] {
  return ask.kind === 'permission' && ask.patterns.length > 0 ? ask.patterns : [null]
}

function holds(rule: NamedRule, ask: Ask, thing: string | null): boolean {
  const permission = ask.kind === 'question' ? 'question' : ask.permission
  if (ask.kind === 'question' && rule.action === 'allow') return false
  if (rule.permission !== undefined && !matches(permission, rule.permission)) return false
  if (rule.tool !== undefined && !matches(permission, toPermission(rule.tool))) return false
  if (rule.path !== undefined) {
    if (thing === null || !ofPaths.has(permission) || !matches(thing, rule.path)) return false
  }
  if (rule.command === undefined) return true
  if (thing === null || permission !== 'bash' || !matches(thing, rule.command)) return false
  return rule.action !== 'allow' || ask.kind !== 'permission' || isPlain(ask)
}

function toPermission(tool: string): string {
  return editors.has(tool) ? 'edit' : tool
}

function isPlain({ metadata, patterns }: PermissionAsk): boolean {
  const line = metadata?.['command']
  const texts = typeof line === 'string' ? [line, ...patterns] : patterns
  return !texts.some((text) => /[<>`]|\$\(/.test(text))
}

function matches(text: string, pattern: string): boolean {
  const source = pattern.replaceAll(/[\\^$.*+?()[\]{}|]/g, (char) =>
    char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`,
  )
  const optional = source.endsWith(' .*') ? `${source.slice(0, -3)}(?: .*)?` : source
  return new RegExp(`^${optional}$`, 's').test(text)
}

function decide({ action, name: rule, message }: NamedRule, deadlineMs?: number): PolicyDecision {
  if (action === 'allow') return { action, rule }
  if (action === 'reject')
    return message === undefined ? { action, rule } : { action, message, rule }
  if (deadlineMs === undefined) return { action, rule }
  const late = { action: 'reject', message: 'No one answered in time.', rule: 'deadline' } as const
  return { action, rule, forMs: deadlineMs, otherwise: late }
}

/** Rules come from configuration, which no compiler has seen. */
function assertRule(rule: AskRule, index: number): void {
  assertAction(`rules[${index}].action`, rule.action)
  for (const name of patternNames) {
    const pattern: unknown = rule[name]
    if (pattern !== undefined && (typeof pattern !== 'string' || pattern === '')) {
      throw new TypeError(`\`rules[${index}].${name}\` must be a pattern`)
    }
  }
  for (const name of Object.keys(rule)) {
    if (!known.has(name)) {
      // A misspelled pattern would make the rule hold for everything.
      throw new TypeError(`\`rules[${index}].${name}\` is nothing that a rule has`)
    }
  }
  if (rule.path !== undefined && rule.command !== undefined) {
    throw new TypeError(`\`rules[${index}]\` is for a path or for a command: no ask is for both`)
  }
}

const known: ReadonlySet<string> = new Set([...patternNames, 'name', 'action', 'message'])

function assertAction(name: string, action: unknown): void {
  if (actions.includes(String(action))) return
  throw new TypeError(`\`${name}\` must be \`allow\`, \`reject\` or \`wait\``)
}
