/** One rule of what an agent may do. */
export interface PermissionRule {
  readonly permission: string
  readonly pattern: string
  readonly action: 'allow' | 'deny' | 'ask'
}

/** What the built-in agents may do: everything except these. */
export const builtInRules: readonly PermissionRule[] = [
  { permission: '*', action: 'allow', pattern: '*' },
  { permission: 'doom_loop', action: 'ask', pattern: '*' },
  { permission: 'external_directory', action: 'ask', pattern: '*' },
  { permission: 'read', action: 'ask', pattern: '*.env' },
  { permission: 'read', action: 'ask', pattern: '*.env.*' },
  { permission: 'read', action: 'allow', pattern: '*.env.example' },
]

/** What the plan agent may not do beyond them. */
export const planRules: readonly PermissionRule[] = [
  { permission: 'edit', pattern: '*', action: 'deny' },
  { permission: 'edit', pattern: '.opencode/plans/*.md', action: 'allow' },
  { permission: 'edit', pattern: 'opencode-home/data/opencode/plans/*.md', action: 'allow' },
]

/** Whether a tool is taken away altogether: its last rule denies everything. */
export function isTakenAway(rules: readonly PermissionRule[], tool: string): boolean {
  const permission = ['write', 'edit', 'apply_patch'].includes(tool) ? 'edit' : tool
  const rule = rules.findLast((each) => isMatch(each.permission, permission))
  return rule?.pattern === '*' && rule.action === 'deny'
}

/** The action for one pattern: the last matching rule wins, no match asks. */
export function actionFor(
  rules: readonly PermissionRule[],
  permission: string,
  pattern: string,
): PermissionRule['action'] {
  const rule = rules.findLast(
    (each) => isMatch(each.permission, permission) && isMatch(each.pattern, pattern),
  )
  return rule?.action ?? 'ask'
}

/** `*` stands for any text, `?` for one character; a final ` *` also matches nothing at all. */
export function isMatch(wildcard: string, text: string): boolean {
  const source = wildcard
    .replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replace(/ \.\*$/u, '( .*)?')
  return new RegExp(`^${source}$`, 'su').test(text)
}

/** Rules of the server's configuration: `{ edit: 'ask', bash: { 'git *': 'allow' } }`. */
export function rulesFromConfig(permission: unknown): readonly PermissionRule[] {
  if (typeof permission === 'string') return toRules('*', permission)
  if (typeof permission !== 'object' || permission === null) return []
  return Object.entries(permission).flatMap(([name, value]) => toRules(name, value))
}

function toRules(permission: string, value: unknown): readonly PermissionRule[] {
  if (isAction(value)) return [{ permission, action: value, pattern: '*' }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([pattern, action]) =>
    isAction(action) ? [{ permission, action, pattern }] : [],
  )
}

function isAction(value: unknown): value is PermissionRule['action'] {
  return value === 'allow' || value === 'deny' || value === 'ask'
}
