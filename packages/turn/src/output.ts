import type { Prompt } from './prompt.js'

/** What is used of a schema by the Standard Schema specification, which zod, valibot, arktype and others follow. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    /** Of the Standard JSON Schema specification. */
    readonly jsonSchema?: {
      readonly output: (options: { readonly target: string }) => Record<string, unknown>
    }
  }
}

type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] }

/** The form that an answer is to have. */
export interface OutputOptions<Output = unknown> {
  /** Checks the answer and gives it its type. */
  readonly schema: StandardSchema<Output>
  /** The same for the model. Default: what the schema itself gives, if it can. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>
  /** How often the server lets the model try again when it does not answer in this form. Default: the server's, 2. */
  readonly retryCount?: number
}

/** What a value came to. */
export type Checked<Output> =
  | { readonly isValid: true; readonly value: Output }
  | { readonly isValid: false; readonly problems: readonly string[] }

/** The server describes no other drafts to models. */
const target = 'draft-07'

/**
 * The format as a prompt has it.
 *
 * @throws TypeError when the schema cannot say what it looks like and no `jsonSchema` is given.
 */
export function formatOf({ schema, jsonSchema, retryCount }: OutputOptions): Prompt['format'] {
  const described = jsonSchema ?? schema['~standard'].jsonSchema?.output({ target })
  if (described === undefined) {
    throw new TypeError(
      `\`output.jsonSchema\` is missing: a schema of ${schema['~standard'].vendor} in this version does not give its own.`,
    )
  }
  const retries = retryCount === undefined ? {} : { retryCount }
  return { type: 'json_schema', schema: { ...described }, ...retries }
}

/** The server does not check what the model gave. */
export async function checkOutput<Output>(
  { schema }: OutputOptions<Output>,
  value: unknown,
): Promise<Checked<Output>> {
  const result = await schema['~standard'].validate(value)
  if (result.issues === undefined) return { isValid: true, value: result.value }
  return { isValid: false, problems: result.issues.map(({ message }) => message) }
}
