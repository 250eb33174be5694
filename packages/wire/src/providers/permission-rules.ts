/** What the server does with a tool call that a rule matches. */
export type PermissionAction = 'allow' | 'ask' | 'deny'

/** One rule as `session.create` takes it. On the server the last matching rule wins; no match means `ask`. */
export interface PermissionRule {
  /** Name of the permission, or a wildcard: `edit`, `bash`, `read`, `external_directory` … */
  readonly permission: string
  /** What the tool wants to touch: a path relative to the worktree, a command, a URL; a wildcard. */
  readonly pattern: string
  /** What to do then. */
  readonly action: PermissionAction
}

/**
 * Rules by permission name, `*` for every other one. A value is one action for everything, or actions by
 * pattern. The order in which they are written means nothing: the more specific rule wins.
 */
export type PermissionInput = Readonly<
  Record<string, PermissionAction | Readonly<Record<string, PermissionAction>>>
>

/**
 * Rules for a process where no one can be asked: nothing waits for a person, the agent stays in its directory, away from
 * `.env` files and off the network (as far as its own tools go; a shell command is not held by these). `webfetch` would
 * reach loopback, link-local and metadata addresses from the server's machine: allow it by URL
 * (`{ webfetch: { '*': 'deny', 'https://docs.example.com/*': 'allow' } }`), or let it ask.
 */
export const headlessPermissions: PermissionInput = {
  '*': 'allow',
  question: 'deny',
  doom_loop: 'deny',
  external_directory: 'deny',
  webfetch: 'deny',
  read: { '*': 'allow', '*.env': 'deny', '*.env.*': 'deny', '*.env.example': 'allow' },
}

/**
 * Orders rules so that the most specific comes last, as a list for `session.create`. Names count before patterns;
 * a text without wildcards, then one with more letters, is more specific; of two
 * equally specific patterns the stricter action wins.
 *
 * @throws TypeError for an unknown action, and for names that the server never consults.
 */
export function permissionRules(input: PermissionInput): PermissionRule[] {
  const rules: PermissionRule[] = []
  for (const [permission, value] of Object.entries(input)) {
    assertConsulted(permission)
    const byPattern = typeof value === 'string' ? { '*': value } : value
    for (const [pattern, action] of Object.entries(byPattern)) {
      assertAction(permission, action)
      rules.push({ permission, pattern, action })
    }
  }
  return rules.toSorted(bySpecificity)
}

/** Actions, or actions by pattern, by permission name: the `permission` object of a server configuration. */
export type PermissionConfig = Record<string, PermissionAction | Record<string, PermissionAction>>

/**
 * The same for the configuration of a server. Unlike the rules of a session these also bind sub-agents.
 *
 * @throws TypeError as {@link permissionRules}, and for names or patterns that are whole numbers: a JSON object cannot keep their place.
 */
export function permissionConfig(input: PermissionInput): PermissionConfig {
  const byName = new Map<string, Record<string, PermissionAction>>()
  for (const { permission, pattern, action } of permissionRules(input)) {
    for (const key of [permission, pattern]) {
      if (!/^\d+$/.test(key)) continue
      throw new TypeError(`\`${key}\` cannot be ordered in an object; use permissionRules()`)
    }
    byName.set(permission, { ...byName.get(permission), [pattern]: action })
  }
  return Object.fromEntries([...byName].map(([name, actions]) => [name, shorten(actions)]))
}

/** Some names, such as `question`, take a plain action only. */
function shorten(
  actions: Record<string, PermissionAction>,
): PermissionAction | Record<string, PermissionAction> {
  const { '*': all, ...others } = actions
  return all !== undefined && Object.keys(others).length === 0 ? all : actions
}

const strictness: Record<PermissionAction, number> = { allow: 0, ask: 1, deny: 2 }

function bySpecificity(a: PermissionRule, b: PermissionRule): number {
  return (
    compareSpecificity(a.permission, b.permission) ||
    compareText(a.permission, b.permission) ||
    compareSpecificity(a.pattern, b.pattern) ||
    strictness[a.action] - strictness[b.action] ||
    compareText(a.pattern, b.pattern)
  )
}

function compareSpecificity(a: string, b: string): number {
  const isWilder = Number(hasWildcard(b)) - Number(hasWildcard(a))
  return isWilder || letterCount(a) - letterCount(b)
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function hasWildcard(text: string): boolean {
  return /[*?]/.test(text)
}

function letterCount(text: string): number {
  return text.replaceAll(/[*?]/g, '').length
}

function assertAction(permission: string, action: string): void {
  if (action === 'allow' || action === 'ask' || action === 'deny') return
  throw new TypeError(`\`${permission}\` has the action ${action}; use allow, ask or deny`)
}

/** The server asks for `edit` when these tools run, so a rule under their own name would protect nothing. */
function assertConsulted(permission: string): void {
  if (permission !== 'write' && permission !== 'apply_patch') return
  throw new TypeError(`\`${permission}\` is never consulted by the server; write \`edit\` instead`)
}
