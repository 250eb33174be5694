import { asSchema } from 'ai'
import { type Clock, monotonic } from '../clock.js'
import { bounded } from '../output/summary.js'
import {
  type CallingRun,
  claimCall,
  type ClaimedCall,
  type Field,
  noteAnswered,
  type Waiting,
} from './find-call.js'
import type { HostTool, HostTools } from './host-tool.js'
import { fieldsOf, methodNotFound, type RpcAnswer, type RpcMessage } from './json-rpc.js'
import { digestOf, type Ticket } from './ticket.js'

/** A run whose agent may call the host. */
export interface HostToolRun extends CallingRun {
  readonly tools: HostTools
  readonly scope: string
  readonly toolCallId: string
  readonly clock: Clock
  /** Aborts when the run is over. */
  readonly signal: AbortSignal
  readonly onError: (error: unknown) => void
}

/** How a request for a call of a tool is carried out. */
export interface CallOptions {
  /** Which client of the protocol sent it, by the id that it was given: ids of requests are one client's. */
  readonly client?: string
  /** It was here before, over a connection that broke. */
  readonly isBack?: boolean
  /** Gives it up; where there is `begin`, only before that. */
  readonly signal?: AbortSignal
  /** How much longer than usual its run may take to come, in milliseconds. */
  readonly patienceMs?: number
  /** Parts of calls that are over, whatever the reply says yet. */
  readonly lostParts?: ReadonlySet<string>
  /** `execute` is about to begin; where this rejects it does not. One at a time, up to the first `await` of `execute`. */
  readonly begin?: (callKey: string) => Promise<void>
}

/** The host's side of the protocol, for the runs of one scope. */
export interface Endpoint {
  readonly runs: Set<HostToolRun>
  readonly clock: Clock
  /** Null for a notification, and for a call that was given up. */
  answer(message: RpcMessage, options?: CallOptions): Promise<RpcAnswer | null>
  /** Null when it was given up before `execute` began. */
  call(ticket: Ticket, options?: CallOptions): Promise<RpcAnswer | null>
}

interface StoppableCall extends CallOptions {
  readonly giveUp: () => void
}

const protocolVersion = '2025-11-25'
const longestResult = 200_000
/** The call may be here before the event that says that its part runs. */
const patience = 10_000

/** @param name - The name under which the server knows it: what it puts before the names of tools. */
export function createEndpoint(name: string, clock: Clock): Endpoint {
  const runs = new Set<HostToolRun>()
  const waiting: Waiting = new Map()
  const calls = new Map<string, AbortController>()
  const inOrder = createQueue()

  const call: Endpoint['call'] = async (ticket, options = {}) => {
    const stop = new AbortController()
    const giveUp = (): void => stop.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', giveUp, { once: true })
    if (options.signal?.aborted === true) giveUp()
    const key = keyOf(ticket.id, options)
    calls.set(key, stop)
    try {
      return await callOnce(ticket, stop, { ...options, giveUp })
    } finally {
      options.signal?.removeEventListener('abort', giveUp)
      if (calls.get(key) === stop) calls.delete(key)
    }
  }

  const callOnce = async (
    { tool, digest }: Ticket,
    stop: AbortController,
    options: StoppableCall,
  ): Promise<RpcAnswer | null> => {
    const { lostParts, patienceMs = 0, signal } = options
    const offering = (): HostToolRun[] =>
      [...runs].filter(({ tools }) => Object.hasOwn(tools, tool))
    if (offering().length === 0 && patienceMs <= 0) {
      return refused(`There is no tool ${bounded(tool, 60)}.`)
    }
    const called = { fullName: `${name}_${tool}`, digest }
    const field: Field<HostToolRun> = {
      runs: offering,
      needsApproval: ({ tools }) => tools[tool]?.needsApproval === true,
      isOver: (partId) => lostParts?.has(partId) === true,
      clock: offering()[0]?.clock ?? clock,
    }
    const found = await claimCall(called, {
      ...field,
      until: monotonic(field.clock) + Math.max(patience, patienceMs),
      signal: stop.signal,
      waiting,
      isBack: options.isBack === true,
    })
    if (found === null) {
      return signal?.aborted === true
        ? null
        : refused('No agent of this conversation is making this call.')
    }
    const { part, run } = found
    let hasBegun = true
    try {
      const answer = await carryOut(found, tool, stop, options)
      hasBegun = answer !== null
      return answer
    } finally {
      if (hasBegun) noteAnswered(called, found, field)
      // The next request for this call may have it.
      else run.claimed.delete(part.id)
    }
  }

  const carryOut = async (
    { run, part }: ClaimedCall<HostToolRun>,
    tool: string,
    stop: AbortController,
    { begin, giveUp, signal }: StoppableCall,
  ): Promise<RpcAnswer | null> => {
    const own = toolOf(run, tool)
    const checked = await check(own.inputSchema, part.input)
    if (!checked.isValid) return refused(`The arguments are not valid: ${checked.problem}`)
    const onEnd = (): void => stop.abort(run.signal.reason)
    run.signal.addEventListener('abort', onEnd, { once: true })
    const callKey = `${part.sessionId}:${part.id}`
    try {
      const work = await inOrder(async () => {
        try {
          await begin?.(callKey)
        } catch {
          return null
        }
        // From here on only the run's end, or the server's word, tells it to stop.
        if (begin !== undefined) signal?.removeEventListener('abort', giveUp)
        const { scope, toolCallId } = run
        const of = { scope, toolCallId, sessionId: part.sessionId, callKey, signal: stop.signal }
        return { result: execute(own, checked.value, of) }
      })
      if (work === null) return null
      return { result: { content: [{ type: 'text', text: textOf(await work.result) }] } }
    } catch (error) {
      run.onError(error)
      return refused('The tool failed. The host was told why.')
    } finally {
      run.signal.removeEventListener('abort', onEnd)
    }
  }

  return {
    runs,
    clock,
    call,
    async answer({ id, method, params }, options) {
      if (id === null) {
        // The server sends it after every call, also after one that was answered.
        const cancelled = keyOf(params['requestId'], options)
        if (method === 'notifications/cancelled') calls.get(cancelled)?.abort(cancelledByServer)
        return null
      }
      switch (method) {
        case 'initialize': {
          const serverInfo = { name: 'turnstead-task', version: '1' }
          return { result: { protocolVersion, capabilities: { tools: {} }, serverInfo } }
        }
        case 'ping':
          return { result: {} }
        case 'tools/list':
          return { result: { tools: await describe([...runs]) } }
        case 'tools/call':
          return await call(ticketOf(id, params), options)
        default:
          return methodNotFound
      }
    },
  }
}

function keyOf(id: unknown, { client = '' }: CallOptions = {}): string {
  return `${client} ${JSON.stringify(id)}`
}

/** Of a request that is not under way yet. */
export function ticketOf(id: string | number, params: RpcMessage['params']): Ticket {
  return {
    id,
    tool: String(params['name']),
    digest: digestOf(params['arguments'] ?? {}),
    key: null,
  }
}

const cancelledByServer = new DOMException('The agent does not wait any more.', 'AbortError')

/** A tool that throws at once is like one that rejects. */
async function execute(
  tool: HostTool,
  input: unknown,
  call: Parameters<HostTool['execute']>[1],
): Promise<unknown> {
  return await tool.execute(input, call)
}

function createQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return async (work) => {
    const own = last.then(work)
    last = own.catch(() => undefined)
    return await own
  }
}

function toolOf(run: HostToolRun, name: string): HostTool {
  const tool = run.tools[name]
  if (tool === undefined) throw new Error(`the run does not offer ${name}`)
  return tool
}

/** What the agent is told in the place of a result. */
export function refused(text: string): RpcAnswer {
  return { result: { content: [{ type: 'text', text }], isError: true } }
}

async function describe(runs: readonly HostToolRun[]): Promise<object[]> {
  const tools = Object.entries(Object.assign({}, ...runs.map((run) => run.tools)) as HostTools)
  return await Promise.all(
    tools.map(async ([name, { description = '', inputSchema }]) => ({
      name,
      description,
      inputSchema: fieldsOf(await asSchema(inputSchema as never).jsonSchema),
    })),
  )
}

type Checked =
  | { readonly isValid: true; readonly value: unknown }
  | { readonly isValid: false; readonly problem: string }

async function check(schema: HostTool['inputSchema'], input: unknown): Promise<Checked> {
  const { validate } = asSchema(schema as never)
  if (validate === undefined) return { isValid: true, value: input }
  const checked = await validate(input)
  if (checked.success) return { isValid: true, value: checked.value }
  return { isValid: false, problem: bounded(checked.error.message, 2_000) }
}

function textOf(result: unknown): string {
  if (typeof result === 'string') return bounded(result, longestResult)
  return bounded(JSON.stringify(result) ?? '', longestResult)
}
