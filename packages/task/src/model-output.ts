import { bounded } from './output/summary.js'
import { isRunOutput, type OpenCodeRunOutput } from './run-output.js'

/** What the outer model sees of a run, at most, in characters. */
const longestModelOutput = 6_000
const mostFiles = 20

/** A text as the AI SDK gives a tool's result to a model. */
export interface ModelText {
  readonly type: 'text'
  readonly value: string
}

/**
 * What the outer model is told of a run: how it ended, the session to go on with, the agent's last words, the files; never the
 * conversation. At most 6,000 characters.
 */
export function toModelText(output: OpenCodeRunOutput): ModelText {
  const { error, filesEdited, outputFile, sessionId, status, summary } = output
  const lines = [
    `Status: ${status}.`,
    ...(sessionId === null ? [] : [`Session to continue: ${sessionId}`]),
    ...(error === null ? [] : [`Error (${error.code}): ${error.message}`]),
    ...(outputFile === null ? [] : [outputFileLine(outputFile)]),
    ...(filesEdited.length === 0 ? [] : [`Files edited: ${filesLine(filesEdited)}`]),
    ...(summary === null ? [] : ['', summary]),
  ]
  return { type: 'text', value: bounded(lines.join('\n'), longestModelOutput) }
}

function outputFileLine({
  path,
  isVerified,
  reason,
}: NonNullable<OpenCodeRunOutput['outputFile']>): string {
  const name = bounded(path, 300)
  if (isVerified) return `Output file: ${name}`
  // A file that the shell wrote may well be there.
  const words = reason === 'missing' ? 'is not there' : 'is not proved to be a result of this run'
  return `Output file ${name} ${words} (${reason}).`
}

function filesLine(files: readonly string[]): string {
  const named = files.slice(0, mostFiles).map((file) => bounded(file, 120))
  const more = files.length - named.length
  return more === 0 ? named.join(', ') : `${named.join(', ')} and ${more} more`
}

/** Version 5 of the AI SDK gives the output itself, later ones give it beside the call. */
export function toModelOutput(given: unknown): ModelText {
  const output = isRunOutput(given) ? given : outputOf(given)
  if (isRunOutput(output)) return toModelText(output)
  // A stored message of another version, or of another tool by this name: not for the model as it is.
  return { type: 'text', value: 'The result of this call cannot be read any more.' }
}

function outputOf(given: unknown): unknown {
  return typeof given === 'object' && given !== null && 'output' in given ? given.output : null
}
