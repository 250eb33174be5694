import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.js'
import { unfakedClock } from '../unfaked-clock.js'
import { TestkitError } from '../errors.js'
import { createGates, type Gate } from '../gates.js'
import { createJournal, type Journal } from '../journal.js'
import { formatLeftovers } from '../leftovers.js'
import { listenOnLoopback, readBody } from '../loopback.js'
import { reply, text } from '../script/builder.js'
import { defaultReply } from '../script/default-reply.js'
import { attemptAt, callAt, planCalls, type ModelCall } from '../script/plan.js'
import { assertKnown, type Names } from '../known-options.js'
import { createAnswerBook, type ScenarioLike } from '../script/scenario.js'
import type { Reply } from '../script/steps.js'
import { summaryOf } from '../script/summary.js'
import { chatCompletions } from './dialects/chat-completions.js'
import type { Dialect } from './dialects/dialect.js'
import { isRecord } from './dialects/json.js'
import { messages } from './dialects/messages.js'
import { isPrompt, toModelRequest, type ModelRequest } from './dialects/model-request.js'
import { responses } from './dialects/responses.js'
import { createHolds } from './holds.js'
import { sendAttempt } from './send-attempt.js'
import { createSpentCounter, type ModelSpent } from './spent.js'

/** Options of {@link startScriptedModel}. */
export interface ScriptedModelOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /** Paces the text. Default: the machine's clock. */
  readonly clock?: Clock
  /**
   * The title of every session that asks for one, or what makes it of the text that the model is given for it, which ends with the
   * prompt. Default `A scripted title`.
   */
  readonly title?: string | ((text: string) => string)
  /** The summary for every compaction, or how the attempt at one goes. Default `A scripted summary.`. */
  readonly summary?: string | Reply
}

/** A model with scripted answers, behind the APIs of OpenAI (chat completions, responses) and Anthropic (messages). */
export interface ScriptedModel {
  /** Base URL for a provider, ending in `/v1`. */
  readonly url: string
  /** Every chat request, waitable. Titles and summaries are not in it. */
  readonly requests: Journal<ModelRequest>
  /** Requests for titles and summaries, which are answered by themselves. */
  readonly asides: Journal<ModelRequest>
  /** Adds answers after those that exist. */
  answer(scenario: ScenarioLike): void
  /** The next chat request that was not yet returned; the same as `requests.next`. */
  next: Journal<ModelRequest>['next']
  /** Makes every chat request wait, before any byte is sent, until `open()`. */
  hold(): Gate
  /** The gate of a `gate(name)` step. */
  gate(name: string): Gate
  /** Fails with `incomplete` when answers are left over or prompts had none. */
  assertComplete(): void
  /** What its answers said they used so far, those for titles and summaries included. */
  spent(): ModelSpent
  /** Stops listening and cuts every connection. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const optionNames: Names<ScriptedModelOptions> = {
  port: true,
  clock: true,
  title: true,
  summary: true,
}

const dialects: readonly Dialect[] = [chatCompletions, responses, messages]

type Answering = (
  request: ModelRequest,
  response: ServerResponse,
  dialect: Dialect,
) => Promise<void>

interface Progress {
  readonly calls: readonly ModelCall[]
  readonly attempts: Map<number, number>
}

/**
 * Starts a scripted model. Answers are chosen as for Impostor: by prompt text, by session, in order, or by a function;
 * without a script every prompt gets a useful default answer.
 *
 * @example
 * const model = await startScriptedModel(reply(text('Hello.')))
 * const server = await startOpencode({ model })
 */
export async function startScriptedModel(
  script: ScenarioLike = defaultReply,
  options: ScriptedModelOptions = {},
): Promise<ScriptedModel> {
  assertKnown('`startScriptedModel`', options, optionNames)
  const clock = options.clock ?? unfakedClock
  const title = options.title ?? 'A scripted title'
  const summary = summaryOf(options.summary)
  const book = createAnswerBook(script)
  const requests = createJournal<ModelRequest>(describeRequest)
  const asides = createJournal<ModelRequest>(describeRequest)
  const gates = createGates()
  const progress = new Map<string, Progress>()
  const counter = createSpentCounter()
  const holds = createHolds(gates)
  let count = 0
  let closing: Promise<void> | null = null

  // What follows a summary looks as it did after the one before.
  const summaries = new Map<string | null, number>()
  const summed = ({ sessionId }: ModelRequest): number => summaries.get(sessionId) ?? 0

  const planFor = (request: ModelRequest): Progress => {
    const users = request.messages.filter(isPrompt).length
    const key = `${request.sessionId ?? ''}\n${summed(request)}\n${users}\n${request.prompt}`
    const known = progress.get(key)
    if (known) return known
    const chosen =
      book.take({ text: request.prompt, sessionId: request.sessionId, agent: null }) ??
      reply(text('The script has no answer for this prompt.'))
    const made: Progress = { calls: planCalls(chosen), attempts: new Map() }
    progress.set(key, made)
    return made
  }

  const answerChat: Answering = async (request, response, dialect) => {
    const plan = planFor(request)
    const tried = plan.attempts.get(request.loop) ?? 0
    plan.attempts.set(request.loop, tried + 1)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    requests.push(request)
    await holds.pass(gone.signal)
    const attempt = attemptAt(callAt(plan.calls, request.loop), tried)
    count += 1
    await sendAttempt(attempt, request, response, {
      dialect,
      clock,
      gates,
      signal: gone.signal,
      number: count,
      onUsage: counter.add,
    })
  }

  const answerAside: Answering = async (request, response, dialect) => {
    asides.push(request)
    if (request.kind !== 'title') summaries.set(request.sessionId, summed(request) + 1)
    const named = typeof title === 'string' ? title : title(request.prompt)
    const said = request.kind === 'title' ? reply(text(named)) : summary
    const attempt = attemptAt(callAt(planCalls(said), 0), 0)
    count += 1
    await sendAttempt(attempt, request, response, {
      dialect,
      clock,
      gates,
      signal: new AbortController().signal,
      number: count,
      onUsage: counter.add,
    })
  }

  const server = await listenOnLoopback((incoming, response) => {
    void (async () => {
      const path = incoming.url ?? '/'
      if (incoming.method === 'GET' && path.endsWith('/models')) {
        return sendJson(response, 200, { object: 'list', data: [] })
      }
      const { pathname } = new URL(path, 'http://localhost')
      const dialect = dialects.find((each) => pathname.endsWith(each.path))
      if (incoming.method !== 'POST' || dialect === undefined) {
        return sendJson(response, 404, { error: { message: `No such route: ${path}` } })
      }
      const body: unknown = JSON.parse((await readBody(incoming)).toString('utf8'))
      if (!isRecord(body)) throw new TypeError('the body must be an object')
      const request = toModelRequest(dialect.api, body, dialect.read(body), incoming.headers)
      await (request.kind === 'chat' ? answerChat : answerAside)(request, response, dialect)
    })().catch((error: unknown) => {
      if (response.destroyed) return
      const message = error instanceof Error ? error.message : 'unreadable request'
      if (response.headersSent) response.destroy()
      else sendJson(response, 400, { error: { message, type: 'invalid_request_error' } })
    })
  }, options.port)

  const end = async (): Promise<void> => {
    gates.openAll()
    await server.close()
  }
  const close = (): Promise<void> => (closing ??= end())

  return {
    url: `${server.url}/v1`,
    requests,
    asides,
    answer: (scenario) => book.add(scenario),
    next: (match, wait) => requests.next(match, wait),
    hold: holds.hold,
    gate: (name) => gates.gate(name),
    assertComplete() {
      const left = book.leftovers()
      if (left.length > 0) throw new TestkitError('incomplete', formatLeftovers(left))
    },
    spent: counter.spent,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function describeRequest(request: ModelRequest): string {
  return `${request.kind} "${request.prompt.slice(0, 40)}" (call ${request.loop})`
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
