/**
 * An OpenAI-compatible model with scripted answers, so that the real `opencode serve`, or any other client of such a
 * model, can be tested with no key and no network.
 *
 *     const model = await startScriptedModel(reply(text('Hello.')))
 *     // … point an OpenAI-compatible provider at model.url …
 *     await model.close()
 */
export {
  startScriptedModel,
  type ScriptedModel,
  type ScriptedModelOptions,
} from './model/scripted-model.js'
export type { ModelMessage, ModelRequest } from './model/completion-request.js'
