/**
 * Names of the OpenTelemetry semantic conventions for generative AI, as of version 0.1.0 of their own repository; all of them are
 * still in development there. What the conventions have no name for begins with `turnstead.`.
 */

/** Attributes of spans and metrics. */
export const genAi = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  responseId: 'gen_ai.response.id',
  finishReasons: 'gen_ai.response.finish_reasons',
  conversation: 'gen_ai.conversation.id',
  agentName: 'gen_ai.agent.name',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  toolType: 'gen_ai.tool.type',
  tokenType: 'gen_ai.token.type',
  error: 'error.type',
} as const

/** Values of `gen_ai.operation.name`. */
export const operations = {
  agent: 'invoke_agent',
  chat: 'chat',
  tool: 'execute_tool',
} as const

/** Metrics. */
export const genAiMetrics = {
  tokenUsage: 'gen_ai.client.token.usage',
  chatDuration: 'gen_ai.client.operation.duration',
  agentDuration: 'gen_ai.invoke_agent.duration',
  toolDuration: 'gen_ai.execute_tool.duration',
} as const

/** Boundaries that the conventions advise. */
export const boundaries = {
  tokens: [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
  seconds: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92],
  /** Agents work for minutes. */
  longSeconds: [0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 1_200, 2_400, 3_600],
} as const

/** Providers that OpenCode calls by another name than the conventions do. */
const providers: ReadonlyMap<string, string> = new Map([
  ['amazon-bedrock', 'aws.bedrock'],
  ['azure', 'azure.ai.openai'],
  ['google', 'gcp.gemini'],
  ['google-vertex', 'gcp.vertex_ai'],
  ['google-vertex-anthropic', 'gcp.vertex_ai'],
  ['mistral', 'mistral_ai'],
  ['xai', 'x_ai'],
])

/** The conventions' name of one of OpenCode's providers; its own where they have none. */
export function toProviderName(provider: string): string {
  return providers.get(provider) ?? provider
}
