import type { Ask, ReplySource, ReplyView, Tokens } from '@turnstead/reply'
import { toUiMessage, toUiMessages } from '@turnstead/reply/ui-message-stream'
import type { OpenCodeRunOutput } from '../run-output.js'
import { editedFiles } from './edited-files.js'
import { previewOf } from './preview.js'
import { bounded, summaryOf } from './summary.js'

/** What is known of a run beside its reply. */
export interface RunFacts extends Pick<
  OpenCodeRunOutput,
  'status' | 'error' | 'stop' | 'outputFile'
> {
  /** Names the run: the tool call's id. */
  readonly callId: string
  readonly prompt: string
  /** Known before there is a reply. */
  readonly sessionId: string | null
  /** Of the whole turn, prompts that were lost included. Default: the reply's. */
  readonly cost?: number
}

/** How an output is made. */
export interface OutputOptions {
  /** Show about so many characters of the newest parts. Default: all of it. */
  readonly previewCharacters?: number
}

const longestPreviewPrompt = 300
const noTokens: Tokens = { input: 0, output: 0, reasoning: 0, cacheRead: 0, cacheWrite: 0 }

/** The output of a run, made of its reply and of what else is known of it. Pure; null stands for a reply that has not begun. */
export function toRunOutput(
  source: ReplySource | null,
  facts: RunFacts,
  { previewCharacters }: OutputOptions = {},
): OpenCodeRunOutput {
  const { callId, prompt, ...known } = facts
  const isPreview = previewCharacters !== undefined
  // A page shows it already, as the input of the call.
  const asked = {
    id: `${callId}:prompt`,
    text: isPreview ? bounded(prompt, longestPreviewPrompt) : prompt,
  }
  if (source === null) {
    return {
      version: 1,
      ...ended(known),
      messages: toUiMessages([{ prompt: asked, reply: null }]),
      omittedParts: 0,
      filesEdited: [],
      fileChanges: [],
      diffs: [],
      diagnostics: [],
      processes: [],
      todos: [],
      asks: [],
      model: null,
      cost: facts.cost ?? 0,
      tokens: noTokens,
      summary: null,
    }
  }
  const whole = source.view()
  const { view, omittedParts } = isPreview
    ? previewOf(whole, previewCharacters)
    : { view: whole, omittedParts: 0 }
  const { changed, diagnostics, diffs, processes } = whole.workspace
  const within = relativeTo(source.directory ?? null)
  return {
    version: 1,
    ...ended({ ...known, sessionId: source.sessionId || known.sessionId }),
    messages: toUiMessages(
      [{ prompt: asked, reply: { ...shown(source, view), name: callId } }],
      pathsOf(source),
    ),
    omittedParts,
    filesEdited: editedFiles(whole).map(within),
    fileChanges: changed.map((each) => ({ ...each, path: within(each.path) })),
    diffs: isPreview ? diffs.map((each) => ({ ...each, patch: null })) : diffs,
    diagnostics: diagnostics.map((each) => ({ ...each, path: within(each.path) })),
    processes,
    todos: whole.todos,
    asks: asksOf(source, isPreview),
    model: modelOf(whole),
    cost: facts.cost ?? whole.cost,
    tokens: whole.tokens,
    summary: facts.status === 'working' ? null : summaryOf(whole),
  }
}

function ended({
  status,
  sessionId,
  error,
  stop,
  outputFile,
}: Omit<RunFacts, 'callId' | 'prompt'>): Pick<
  OpenCodeRunOutput,
  'status' | 'sessionId' | 'error' | 'stop' | 'outputFile'
> {
  return { status, sessionId, error, stop, outputFile }
}

/** The view alone: todos and asks are fields of the output, and need not be in the messages again. */
function shown(source: ReplySource, view: ReplyView): ReplySource {
  const { sessionId, promptId, directory = null, revision } = source
  const bare: ReplyView = { ...view, todos: [], asks: [] }
  return {
    sessionId,
    promptId,
    directory,
    revision,
    view: () => bare,
    outcome: (options) => source.outcome(options),
    observe: () => () => undefined,
  }
}

/** As a page may see them: with the paths in the directory relative to it. */
function asksOf(source: ReplySource, onlyOpen: boolean): readonly Ask[] {
  const view = source.view()
  const asks = onlyOpen ? view.asks.filter(({ state }) => state === 'open') : view.asks
  if (asks.length === 0) return asks
  const bare: ReplyView = { ...view, parts: [], children: [], todos: [], asks }
  const { parts } = toUiMessage({ ...shown(source, view), view: () => bare }, pathsOf(source))
  return parts.flatMap((part) => (part.type === 'data-ask' ? [part.data] : []))
}

/**
 * Outside of git repositories the server's tools name files relative to the root of the file system: the whole path without its first
 * slash. A single name is left alone, since it may be any word.
 */
function pathsOf({ directory = null }: ReplySource): { readonly root?: readonly string[] } {
  if (directory === null) return {}
  const bare = directory.replace(/^\/+/, '')
  return { root: bare.includes('/') ? [directory, bare] : [directory] }
}

function modelOf({ messages }: ReplyView): string | null {
  const newest = messages.findLast(({ modelId }) => modelId !== null)
  if (newest === undefined) return null
  const { providerId, modelId } = newest
  return providerId === null ? modelId : `${providerId}/${modelId}`
}

/** A path below the directory without it; any other as it is. */
export function relativeTo(directory: string | null): (path: string) => string {
  if (directory === null || directory === '') return (path) => path
  const root = directory.replace(/[\\/]+$/, '')
  return (path) =>
    path.startsWith(root) && /^[\\/]./.test(path.slice(root.length))
      ? path.slice(root.length + 1)
      : path
}
