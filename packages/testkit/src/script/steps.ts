/** What a model says in one piece of text: the chunks are its deltas, one for one. */
export interface TextStep {
  readonly kind: 'text' | 'reasoning'
  /** The deltas in order; their sum is the text. Empty chunks are left out on the wire. */
  readonly chunks: readonly string[]
  /** Milliseconds between two chunks. */
  readonly paceMs: number
}

/** A tool call, and how Impostor pretends to run it. The real server runs the tool itself. */
export interface ToolStep {
  readonly kind: 'tool'
  /** The tool's name as the model gives it; it may be unknown or in the wrong case. */
  readonly tool: string
  /** Arguments; a string is sent as it is, so that it can be malformed. */
  readonly input: Readonly<Record<string, unknown>> | string
  /** In how many pieces the arguments are streamed. Clients of the server never see the pieces. */
  readonly pieces: number
  /** Ask for permission even where the rules allow the call. Impostor only. */
  readonly ask?: PermissionAsk
  /** The person is asked before the call is announced, as it sometimes happens on the server. Impostor only. */
  readonly asksFirst?: boolean
  /** What the tool answers. Impostor only; tools that Impostor can simulate have their own default. */
  readonly output?: string
  /** The tool fails with this text. Impostor only. */
  readonly error?: string
  /** Laid over the part's `state.metadata`. Impostor only. */
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Growing output of a running command, one `running` update each. Impostor only. */
  readonly progress?: readonly string[]
  /** A command's exit status, default 0. Impostor only. */
  readonly exit?: number
  /** Stop here, while the tool is `running`, until the test opens this gate. Impostor only. */
  readonly gate?: string
  /** How long the tool takes. Impostor only. */
  readonly tookMs?: number
  /** The sub-agent's answer, for the `task` tool. */
  readonly reply?: Reply
}

/** What `permission.asked` shows, where it differs from what the server derives from the call. */
export interface PermissionAsk {
  /** Permission name, such as `edit` or `bash`. */
  readonly permission?: string
  /** What is asked for. */
  readonly patterns?: readonly string[]
  /** What `always` would allow from then on. */
  readonly always?: readonly string[]
  /** Extra data of the request. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Attempts that fail with a status the server retries, before the answer goes on. */
export interface RetryStep {
  readonly kind: 'retry'
  /** HTTP status of the model provider. */
  readonly status: number
  /** The provider's message. */
  readonly message: string
  /** How many attempts fail. */
  readonly times: number
  /** Sent as `retry-after-ms`; without it the server waits 2, 4, 8 … seconds. */
  readonly retryAfterMs?: number
  /** Sent as `retry-after`, in whole seconds. */
  readonly retryAfterSeconds?: number
}

/** The provider refuses: the turn fails where the status is not one that is retried. */
export interface ProviderErrorStep {
  readonly kind: 'provider-error'
  /** HTTP status of the model provider. */
  readonly status: number
  /** The provider's message. */
  readonly message: string
  /** The provider's error code, such as `context_length_exceeded`. */
  readonly code?: string
}

/** The provider's connection breaks here; the server tries the same call again with what follows. */
export interface DropStep {
  readonly kind: 'drop'
}

/** A frame of the provider that is not JSON; the turn fails. */
export interface BadFrameStep {
  readonly kind: 'bad-frame'
}

/** A pause on the clock. */
export interface WaitStep {
  readonly kind: 'wait'
  readonly ms: number
}

/** A stop that the test opens by its name. */
export interface GateStep {
  readonly kind: 'gate'
  readonly name: string
}

/** Why the model stops: `stop` unless there were tool calls. `none` ends the stream without saying so. */
export interface FinishStep {
  readonly kind: 'finish'
  readonly reason: 'stop' | 'length' | 'content_filter' | 'tool_calls' | 'none'
}

/** The attempt ends here as it says; what follows answers the same call when it is made once more. */
export interface AgainStep {
  readonly kind: 'again'
}

/** Token counts of the current attempt and of those after it in the same model call. */
export interface UsageStep {
  readonly kind: 'usage'
  readonly usage: Usage
}

/** Token counts as a provider reports them. */
export interface Usage {
  /** Prompt tokens, those read from the cache included. Default 100. */
  readonly input: number
  /** Completion tokens, reasoning included. Default 20. */
  readonly output: number
  /** Reasoning tokens. Default 0. */
  readonly reasoning: number
  /** Prompt tokens that came from the cache. Default 0. */
  readonly cached: number
}

/** One thing that happens in an answer. */
export type Step =
  | TextStep
  | ToolStep
  | RetryStep
  | ProviderErrorStep
  | DropStep
  | BadFrameStep
  | WaitStep
  | GateStep
  | FinishStep
  | AgainStep
  | UsageStep

/** A whole answer to one prompt, model calls and tool runs included, as data. */
export interface Reply {
  readonly kind: 'reply'
  readonly steps: readonly Step[]
}
