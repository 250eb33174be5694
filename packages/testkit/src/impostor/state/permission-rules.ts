/** One rule of what an agent may do. */
export interface PermissionRule {
  readonly permission: string
  readonly pattern: string
  readonly action: 'allow' | 'deny' | 'ask'
}

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

/** `*` matches any text, `?` one character; a final ` *` also matches nothing at all. */
export function isMatch(wildcard: string, text: string): boolean {
  const source = wildcard
    .replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
    .replace(/ \.\*$/u, '( .*)?')
  return new RegExp(`^${source}$`, 'su').test(text)
}

/** Rules as a configuration has them: `{ edit: 'ask', bash: { 'git *': 'allow' } }`. */
export function rulesFromConfig(permission: unknown): readonly PermissionRule[] {
  if (typeof permission !== 'object' || permission === null) return []
  return Object.entries(permission).flatMap(([name, value]) => toRules(name, value))
}

function toRules(permission: string, value: unknown): readonly PermissionRule[] {
  if (isAction(value)) return [{ permission, action: value, pattern: '*' }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([pattern, action]) =>
    isAction(action) ? [{ permission, pattern, action }] : [],
  )
}

function isAction(value: unknown): value is PermissionRule['action'] {
  return value === 'allow' || value === 'deny' || value === 'ask'
}
