/**
 * Model providers and permission rules as configuration for an OpenCode server, with the keys kept apart.
 *
 * ```ts
 * const provider = detectProvider(process.env)
 * const server = await startServer({ config: provider?.config ?? {}, env: provider?.env ?? {} })
 * ```
 */
export { defaultModels, type ProviderCredentials } from './providers/credentials.js'
export {
  detectProvider,
  type DetectedProvider,
  type DetectOptions,
} from './providers/detect-provider.js'
export { mergeConfig, type ConfigObject } from './providers/merge-config.js'
export {
  headlessPermissions,
  permissionConfig,
  permissionRules,
  type PermissionAction,
  type PermissionConfig,
  type PermissionInput,
  type PermissionRule,
} from './providers/permission-rules.js'
export { createSecretEnv } from './providers/secret-env.js'
