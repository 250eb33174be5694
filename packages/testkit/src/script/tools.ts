import type { PermissionAsk, Reply, ToolStep } from './steps.js'

/** What a test may add to any tool call. */
export type ToolExtras = Partial<Omit<ToolStep, 'kind' | 'tool' | 'input'>>

/** A question that the model asks the person. */
export interface ScriptedQuestion {
  /** The question in full. */
  readonly question: string
  /** A short label. Default: the first words of the question. */
  readonly header?: string
  /** What can be chosen; a plain string is a label without a description. */
  readonly options: readonly (string | { readonly label: string; readonly description: string })[]
  /** Whether several options may be chosen. */
  readonly multiple?: boolean
}

/** A todo of the `todowrite` tool. */
export interface ScriptedTodo {
  /** What is to be done. */
  readonly content: string
  /** What it is doing. */
  readonly status: 'pending' | 'in_progress' | 'completed' | 'cancelled'
  /** How much it matters. Default `medium`. */
  readonly priority?: 'high' | 'medium' | 'low'
}

function call(tool: string, input: ToolStep['input'], extras: ToolExtras = {}): ToolStep {
  return { kind: 'tool', tool, input, pieces: 1, ...extras }
}

/** Tool calls by name. Arguments are those that the model sends; the second argument is for Impostor. */
export const tool = {
  /** Writes a file; `filePath` may be absolute or relative. */
  write: (input: { filePath: string; content: string }, extras?: ToolExtras): ToolStep =>
    call('write', input, extras),
  /** Replaces text in a file. */
  edit: (
    input: { filePath: string; oldString: string; newString: string; replaceAll?: boolean },
    extras?: ToolExtras,
  ): ToolStep => call('edit', input, extras),
  /** Applies a patch in the `*** Begin Patch` format. */
  applyPatch: (input: { patchText: string }, extras?: ToolExtras): ToolStep =>
    call('apply_patch', input, extras),
  /** Reads a file. */
  read: (
    input: { filePath: string; offset?: number; limit?: number },
    extras?: ToolExtras,
  ): ToolStep => call('read', input, extras),
  /** Runs a command; tell Impostor what it prints with `output` and `exit`. */
  bash: (
    input: { command: string; description?: string; timeout?: number },
    extras?: ToolExtras,
  ): ToolStep => call('bash', { description: 'Run a command', ...input }, extras),
  /** Stores the todo list. */
  todowrite: (input: { todos: readonly ScriptedTodo[] }, extras?: ToolExtras): ToolStep =>
    call(
      'todowrite',
      {
        todos: input.todos.map(({ content, status, priority = 'medium' }) => ({
          content,
          status,
          priority,
        })),
      },
      extras,
    ),
  /** Starts a sub-agent, which answers with `reply`. */
  task: (
    input: { description: string; prompt: string; subagent_type?: string },
    answer?: Reply,
    extras?: ToolExtras,
  ): ToolStep =>
    call(
      'task',
      { subagent_type: 'general', ...input },
      { ...extras, ...(answer ? { reply: answer } : {}) },
    ),
  /** Fetches a page. */
  webfetch: (
    input: { url: string; format?: 'text' | 'markdown' | 'html'; timeout?: number },
    extras?: ToolExtras,
  ): ToolStep => call('webfetch', { format: 'markdown', ...input }, extras),
  /** Any tool with any arguments; a string is sent as it is. */
  call: (name: string, input: ToolStep['input'], extras?: ToolExtras): ToolStep =>
    call(name, input, extras),
}

/** Calls that wait for a person. */
export const ask = {
  /** Asks for permission before `call`, whatever the rules say. */
  permission: (step: ToolStep, asked: PermissionAsk = {}): ToolStep => ({ ...step, ask: asked }),
  /** Asks one or more questions. */
  question: (
    questions: ScriptedQuestion | readonly ScriptedQuestion[],
    extras?: ToolExtras,
  ): ToolStep => call('question', { questions: [questions].flat().map(toQuestion) }, extras),
}

function toQuestion(scripted: ScriptedQuestion): Record<string, unknown> {
  // From JavaScript it may be missing, and the server refuses a question without choices with an error that names none of this.
  if (typeof scripted?.question !== 'string' || !Array.isArray(scripted.options)) {
    throw new TypeError(
      '`ask.question` needs a `question` and `options`, a list of what can be chosen',
    )
  }
  const options = scripted.options.map((option) =>
    typeof option === 'string' ? { label: option, description: option } : option,
  )
  return {
    question: scripted.question,
    header: scripted.header ?? scripted.question.slice(0, 30),
    options,
    ...(scripted.multiple === undefined ? {} : { multiple: scripted.multiple }),
  }
}
