import type { Schema } from '../../generated/request-tables.js'
import { flawOf } from '../checks/check-value.js'
import type { Json } from '../state/records.js'

const text: Schema = { type: 'string' }
const count: Schema = { type: 'integer', minimum: 0 }

function object(required: Readonly<Record<string, Schema>>, optional: Json = {}): Schema {
  return {
    type: 'object',
    required: Object.keys(required),
    properties: { ...required, ...(optional as Readonly<Record<string, Schema>>) },
  }
}

function list(items: Schema): Schema {
  return { type: 'array', items }
}

/** What the server's tools take; `required` keys in the order in which they are looked at. */
const inputs: Readonly<Record<string, Schema>> = {
  apply_patch: object({ patchText: text }),
  bash: object(
    { command: text },
    { timeout: { type: 'integer', exclusiveMinimum: 0 }, workdir: text },
  ),
  edit: object(
    { filePath: text, oldString: text, newString: text },
    { replaceAll: { type: 'boolean' } },
  ),
  glob: object({ pattern: text }, { path: text }),
  grep: object({ pattern: text }, { path: text, include: text }),
  question: object({
    questions: list(
      object(
        { question: text, header: text, options: list(object({ label: text, description: text })) },
        { multiple: { type: 'boolean' } },
      ),
    ),
  }),
  read: object({ filePath: text }, { offset: count, limit: count }),
  skill: object({ name: text }),
  task: object(
    { description: text, prompt: text, subagent_type: text },
    { task_id: text, command: text },
  ),
  todowrite: object({ todos: list(object({ content: text, status: text, priority: text })) }),
  webfetch: object(
    { url: text },
    { format: { type: 'string', enum: ['text', 'markdown', 'html'] }, timeout: { type: 'number' } },
  ),
  write: object({ content: text, filePath: text }),
}

/** What is wrong with the arguments of a call, in the server's words; null when nothing is. */
export function flawOfInput(tool: string, input: Json): string | null {
  const schema = inputs[tool]
  const flaw = schema && flawOf(schema, input, { path: [], line: `tool ${tool}`, owner: null })
  return flaw ? refusedInput(tool, flaw.replace(unnamed, named)) : null
}

/** What the model is told of arguments that do not fit. */
export function refusedInput(tool: string, flaw: string): string {
  return `The ${tool} tool was called with invalid arguments: SchemaError(${flaw}).\nPlease rewrite the input so it satisfies the expected schema.`
}

/** An entry of a list that is no object. */
const unnamed = /^Expected object(?=[^]*\["(?<list>\w+)"\]\[\d+\]$)/u

const entries: Readonly<Record<string, string>> = {
  options: 'QuestionOption',
  questions: 'QuestionPrompt',
  todos: 'Todo',
}

function named(_all: string, list: string): string {
  return `Expected ${entries[list] ?? 'object'}`
}
