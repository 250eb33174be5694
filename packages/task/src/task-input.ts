/** What the outer model gives to the tool. */
export interface OpenCodeTaskInput {
  /** What the agent is to do, with all that it has to know: it sees nothing of the outer conversation. */
  readonly prompt: string
  /** The session of an earlier call to go on with. Default: a new one. */
  readonly sessionId?: string
  /** The file that the agent is to write as its result, below its directory. */
  readonly outputFile?: string
}

/** The same for models, as JSON schema. Models fill what they need not with empty texts, so these count as left out. */
export const taskInputSchema = {
  type: 'object',
  properties: {
    prompt: {
      type: 'string',
      minLength: 1,
      description:
        'The task, complete: the agent sees nothing of this conversation but what is said here.',
    },
    sessionId: {
      type: 'string',
      description: 'The session that an earlier result names, to go on with that work.',
    },
    outputFile: {
      type: 'string',
      description:
        'Path of the file that the agent is to write as its result, relative to its directory. Name it in the prompt, too.',
    },
  },
  required: ['prompt'],
  additionalProperties: false,
} as const

const longestSessionId = 200

/** @throws TypeError when it is no input, naming the field. */
export function readTaskInput(value: unknown): OpenCodeTaskInput {
  if (typeof value !== 'object' || value === null)
    throw new TypeError('The input must be an object')
  const { prompt, sessionId, outputFile } = value as Readonly<Record<string, unknown>>
  if (typeof prompt !== 'string' || prompt.trim() === '') {
    throw new TypeError('`prompt` must be a text that is not empty')
  }
  const session = optional('sessionId', sessionId)
  const file = optional('outputFile', outputFile)
  if (session !== null && session.length > longestSessionId) {
    throw new TypeError(`\`sessionId\` must have at most ${longestSessionId} characters`)
  }
  return {
    prompt,
    ...(session !== null && { sessionId: session }),
    ...(file !== null && { outputFile: file }),
  }
}

function optional(name: string, value: unknown): string | null {
  if (value === undefined || value === null || value === '') return null
  if (typeof value !== 'string') throw new TypeError(`\`${name}\` must be a text`)
  return value
}
