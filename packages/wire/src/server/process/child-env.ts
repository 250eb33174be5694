import { join } from 'node:path'

/** What a child process may inherit: how to find programs, speak to the user and reach the network. */
const inheritedNames = new Set([
  'PATH',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TERM',
  'SHELL',
  'USER',
  'LOGNAME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'all_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
])

/** Environment variables by name; undefined removes an inherited one. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The part of the host's environment that an agent may see; the host's own secrets stay out. */
export function inheritedEnv(env: Environment): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    if (inheritedNames.has(name) || name.startsWith('LC_')) result[name] = value
  }
  return result
}

/** The variables by which a process finds its folders. */
export type DataFolders = Readonly<
  Record<
    'HOME' | 'XDG_DATA_HOME' | 'XDG_CONFIG_HOME' | 'XDG_STATE_HOME' | 'XDG_CACHE_HOME' | 'TMPDIR',
    string
  >
>

/** The folders of one server inside its data folder; two servers on one database corrupt each other's work. */
export function dataFolders(dataDir: string): DataFolders {
  return {
    HOME: join(dataDir, 'home'),
    XDG_DATA_HOME: join(dataDir, 'data'),
    XDG_CONFIG_HOME: join(dataDir, 'config'),
    XDG_STATE_HOME: join(dataDir, 'state'),
    XDG_CACHE_HOME: join(dataDir, 'cache'),
    TMPDIR: join(dataDir, 'tmp'),
  }
}

/** Later layers win; undefined removes. */
export function mergeEnv(...layers: readonly Environment[]): Record<string, string> {
  const merged: Environment = Object.assign({}, ...layers)
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(merged)) {
    if (value !== undefined) result[name] = value
  }
  return result
}
