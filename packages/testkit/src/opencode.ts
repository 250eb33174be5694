/**
 * A real, isolated `opencode serve` for tests, wired to a scripted model.
 *
 *     const model = await startScriptedModel()
 *     const server = await startOpencode({ model })
 *     // … server.url, server.headers, server.directory …
 *     await server.close()
 */
export { findOpencodeBinary } from './opencode/find-binary.js'
export { machineFactor } from './opencode/machine-factor.js'
export { scriptedProvider, type ScriptedProvider } from './opencode/model-config.js'
export {
  startOpencode,
  type RunningOpencode,
  type StartOpencodeOptions,
} from './opencode/start-opencode.js'
