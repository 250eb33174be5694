/**
 * Tests for applications that talk to OpenCode: Impostor is a deterministic server that speaks its protocol, the
 * scripted model drives the real server with no key, and both play the same scenarios.
 *
 *     const impostor = await startImpostor(reply(text('Hello.')))
 *     // … point your application at impostor.url …
 *     impostor.assertComplete()
 *     await impostor.close()
 */
export type {
  Cassette,
  CassetteLine,
  RecordedExchange,
  RecordedStream,
} from './cassette/cassette.js'
export { parseCassette } from './cassette/cassette.js'
export { record, type Recorder, type RecordOptions } from './cassette/record.js'
export { replay, type Replay, type ReplayedRequest, type ReplayOptions } from './cassette/replay.js'
export type { Clock } from './clock.js'
export { TestkitError, type TestkitErrorCode } from './errors.js'
export type { RequestMatch } from './faults/fault-plan.js'
export {
  fault,
  type AnswerFault,
  type Fault,
  type FrameMatch,
  type StreamFault,
} from './faults/faults.js'
export type { Gate } from './gates.js'
export type { PublishedEvent } from './impostor/state/bus.js'
export type { LoggedRequest } from './impostor/http/request-log.js'
export {
  startImpostor,
  type Impostor,
  type ImpostorOptions,
  type RestartOptions,
  type StreamsControl,
} from './impostor/impostor.js'
export type { Journal } from './journal.js'
export {
  startLeakCheck,
  type EmitterLike,
  type LeakCheck,
  type LeakCheckOptions,
  type ResourceCounts,
} from './leaks.js'
export { createManualClock, type ManualClock } from './manual-clock.js'
export {
  startScriptedModel,
  type ScriptedModel,
  type ScriptedModelOptions,
} from './model/scripted-model.js'
export type { ModelSpent } from './model/spent.js'
export type { ModelApi, ModelMessage, ModelRequest } from './model/dialects/model-request.js'
export {
  again,
  badFrame,
  drop,
  finish,
  gate,
  providerError,
  reasoning,
  reply,
  retry,
  text,
  usage,
  wait,
} from './script/builder.js'
export type { Chunking } from './script/chunks.js'
export { defaultReply } from './script/default-reply.js'
export {
  always,
  on,
  type Answer,
  type PromptInfo,
  type PromptMatch,
  type ScenarioLike,
} from './script/scenario.js'
export type {
  AgainStep,
  BadFrameStep,
  DropStep,
  FinishStep,
  GateStep,
  PermissionAsk,
  ProviderErrorStep,
  Reply,
  RetryStep,
  Step,
  TextStep,
  ToolStep,
  Usage,
  UsageStep,
  WaitStep,
} from './script/steps.js'
export {
  ask,
  tool,
  type ScriptedQuestion,
  type ScriptedTodo,
  type ToolExtras,
} from './script/tools.js'
export { seededIds, type SeededIds } from './seeded-ids.js'
export { startTcpFaultProxy, type TcpFaultProxy, type TcpFaults } from './tcp-proxy.js'
