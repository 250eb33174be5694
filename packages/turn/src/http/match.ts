/** One of the routes. */
export type RouteName =
  | 'start'
  | 'chat'
  | 'resume'
  | 'events'
  | 'stop'
  | 'withdraw'
  | 'answer'
  | 'files'
  | 'file'

/** The ids in a path; empty where it has none. */
export interface RouteIds {
  readonly conversationId: string
  readonly turnId: string
  readonly askId: string
  readonly fileId: string
}

/** Which route a request is for, or by which methods that could be reached. */
export type RouteMatch =
  | { readonly name: RouteName; readonly ids: RouteIds; readonly allow: null }
  | { readonly allow: string }

const table: readonly (readonly [RouteName, 'GET' | 'POST', string])[] = [
  ['start', 'POST', '/conversations/:conversationId/turns'],
  ['chat', 'POST', '/chat'],
  ['resume', 'GET', '/chat/:conversationId/stream'],
  ['events', 'GET', '/turns/:turnId/events'],
  ['stop', 'POST', '/turns/:turnId/stop'],
  ['withdraw', 'POST', '/turns/:turnId/withdraw'],
  ['answer', 'POST', '/turns/:turnId/asks/:askId'],
  ['files', 'GET', '/turns/:turnId/files'],
  ['file', 'GET', '/turns/:turnId/files/:fileId'],
]

const routes = table.map(([name, method, path]) => ({
  name,
  methods: method === 'GET' ? ['GET', 'HEAD'] : ['POST'],
  path: new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`),
}))

/** Null for a path that is none of ours. */
export function matchRoute(
  { method, url }: Request,
  { prefix, without }: { readonly prefix: string; readonly without: ReadonlySet<RouteName> },
): RouteMatch | null {
  const { pathname } = new URL(url)
  if (!pathname.startsWith(`${prefix}/`)) return null
  const path = pathname.slice(prefix.length)
  for (const route of routes) {
    const found = without.has(route.name) ? null : route.path.exec(path)
    if (found === null) continue
    const ids = readIds(found.groups ?? {})
    if (ids === null) return null
    if (route.methods.includes(method)) return { name: route.name, ids, allow: null }
    return { allow: route.methods.join(', ') }
  }
  return null
}

function readIds(groups: Readonly<Record<string, string>>): RouteIds | null {
  const ids: RouteIds = { conversationId: '', turnId: '', askId: '', fileId: '' }
  try {
    const read = Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)])
    return read.every(([, id]) => isId(id)) ? { ...ids, ...Object.fromEntries(read) } : null
  } catch {
    return null
  }
}

/** What can be an id of some host. */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && /^\P{Cc}{1,255}$/u.test(id)
}
