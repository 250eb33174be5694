import { asSchema, type Schema } from 'ai'
import { assertKnown, type Names } from '../known-options.js'

/** A schema of the input: of zod, of anything that follows the Standard Schema specification (from version 6 of the AI SDK on), or what `jsonSchema` of the AI SDK makes. */
export type HostToolSchema<Input> =
  | Schema<Input>
  | {
      readonly '~standard': {
        readonly version: 1
        readonly types?: { readonly input: unknown; readonly output: Input } | undefined
      }
    }

/** Whose call it is. */
export interface HostToolCall {
  /** The `scope` of the tool that the agent works for. */
  readonly scope: string
  /** The tool call of the outer model. */
  readonly toolCallId: string
  readonly sessionId: string
  /** Names this one call of the agent, for ever: a key for what must happen once even if this process dies in it. */
  readonly callKey: string
  /** Aborts when the agent does not wait for the result any more. */
  readonly signal: AbortSignal
}

/** A function of the host that the agent may call. */
export interface HostTool<Input = unknown> {
  /** For the agent, when to use it. */
  readonly description?: string
  /** Checked before `execute` is called: the server checks nothing. */
  readonly inputSchema: HostToolSchema<Input>
  /** Each call is asked of the policy or the person first, as a permission of the agent. Default: false. */
  readonly needsApproval?: boolean
  /** A text, or JSON. What it throws goes to `turn.onError`; the agent is told only that the tool failed. */
  execute(input: Input, call: HostToolCall): unknown
}

/** The functions of the host, by the names that the agent sees: letters, digits, `_` and `-`, at most 40. */
export type HostTools = Readonly<Record<string, HostTool>>

/**
 * A host tool with the type of its input.
 *
 * @example
 * const hostTools = {
 *   weather: hostTool({ inputSchema: z.object({ city: z.string() }), execute: ({ city }) => weatherIn(city) }),
 * }
 */
export function hostTool<Input>(tool: HostTool<Input>): HostTool {
  // `execute` is a method, and its input was checked by the schema.
  return tool as HostTool
}

const toolNames: Names<HostTool> = {
  description: true,
  inputSchema: true,
  needsApproval: true,
  execute: true,
}

/** @throws TypeError for names that no model could use, and for what is no tool. */
export function assertHostTools(tools: HostTools): void {
  for (const [name, tool] of Object.entries(tools)) {
    if (!/^[a-zA-Z0-9_-]{1,40}$/.test(name)) {
      throw new TypeError(
        `\`hostTools\`: ${JSON.stringify(name)} must have 1 to 40 letters, digits, \`_\` or \`-\``,
      )
    }
    if (typeof tool !== 'object' || tool === null)
      throw new TypeError(`\`hostTools\`: ${name} is no tool; \`hostTool\` makes one`)
    // A misspelt \`needsApproval\`, or one of the AI SDK's kind, would be a tool that no one has to approve.
    assertKnown(`\`hostTools\`: ${name}`, tool, toolNames)
    const { execute, inputSchema, needsApproval = false } = tool as Partial<HostTool>
    if (typeof needsApproval !== 'boolean') {
      throw new TypeError(
        `\`hostTools\`: \`needsApproval\` of ${name} must be true or false; \`asks\` decides by the input`,
      )
    }
    if (typeof execute !== 'function')
      throw new TypeError(`\`hostTools\`: ${name} has no \`execute\``)
    if (typeof inputSchema !== 'object' && typeof inputSchema !== 'function') {
      throw new TypeError(`\`hostTools\`: ${name} has no \`inputSchema\``)
    }
    try {
      asSchema(inputSchema as never)
    } catch (cause) {
      const words = `\`hostTools\`: \`inputSchema\` of ${name} is no schema; \`jsonSchema\` of the AI SDK makes one of plain JSON`
      throw new TypeError(words, { cause })
    }
  }
}
