import { inspect } from 'node:util'
import { isSecretName, redacted } from '../server/secrets.js'
import { isObject, type ConfigObject } from './merge-config.js'

/**
 * Environment variables that can be spread and passed on, but show no secret when they are printed
 * with `console.log` or serialised with `JSON.stringify`.
 */
export function createSecretEnv(entries: Readonly<Record<string, string>>): Record<string, string> {
  const env = { ...entries }
  const printed = (): Record<string, string> =>
    Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, isSecretName(name) ? redacted : value]),
    )
  // Not enumerable, so that a spread copies the variables and nothing else.
  Object.defineProperty(env, 'toJSON', { value: printed })
  Object.defineProperty(env, inspect.custom, { value: printed })
  return env
}

/**
 * Moves every secret of a configuration into environment variables and leaves the server's own
 * reference `{env:NAME}` in its place, so that the configuration can be printed.
 */
export function moveSecretsToEnv(config: ConfigObject): {
  config: Record<string, unknown>
  env: Record<string, string>
} {
  const env: Record<string, string> = {}
  const move = (value: string): string => {
    if (value === '' || /^\{(env|file):[^}]+\}$/.test(value)) return value
    const name = `TURNSTEAD_CONFIG_SECRET_${Object.keys(env).length + 1}`
    // The server puts the variable into the JSON text before it parses it.
    env[name] = JSON.stringify(value).slice(1, -1)
    return `{env:${name}}`
  }
  const walk = (value: unknown, isSecret: boolean): unknown => {
    if (typeof value === 'string') return isSecret ? move(value) : value
    if (Array.isArray(value)) return value.map((item) => walk(item, isSecret))
    return isObject(value) ? walkObject(value, isSecret) : value
  }
  const walkObject = (value: ConfigObject, isSecret: boolean): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        walk(item, isSecret || isSecretName(name)),
      ]),
    )
  return { config: walkObject(config, false), env }
}
