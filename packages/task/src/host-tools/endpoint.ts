import { asSchema } from 'ai'
import type { Clock } from '../clock.js'
import { bounded } from '../output/summary.js'
import { type CallingRun, claimCall, type Waiting } from './find-call.js'
import type { HostTool, HostTools } from './host-tool.js'
import { fieldsOf, methodNotFound, readRpc, type RpcAnswer, writeRpc } from './json-rpc.js'

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

/** The host's side of the protocol, for the runs of one scope. */
export interface Endpoint {
  readonly runs: Set<HostToolRun>
  answer(body: string): Promise<string | null>
}

const protocolVersion = '2025-11-25'
const longestResult = 200_000

/** @param name - The name under which the server knows it: what it puts before the names of tools. */
export function createEndpoint(name: string): Endpoint {
  const runs = new Set<HostToolRun>()
  const waiting: Waiting = new Map()
  const executing = new Map<string | number, AbortController>()

  const call = async (
    id: string | number,
    params: Readonly<Record<string, unknown>>,
  ): Promise<RpcAnswer> => {
    const tool = String(params['name'])
    const input = params['arguments'] ?? {}
    const stop = new AbortController()
    executing.set(id, stop)
    try {
      const offering = [...runs].filter(({ tools }) => Object.hasOwn(tools, tool))
      const [first] = offering
      if (first === undefined) return refused(`There is no tool ${bounded(tool, 60)}.`)
      const needsApproval = offering.some(({ tools }) => tools[tool]?.needsApproval === true)
      const called = { fullName: `${name}_${tool}`, input, needsApproval }
      const still = (): HostToolRun[] => offering.filter((run) => runs.has(run))
      const found = await claimCall(still, called, {
        clock: first.clock,
        signal: stop.signal,
        waiting,
      })
      if (found === null) return refused('No agent of this conversation is making this call.')
      const { run, part } = found
      const own = toolOf(run, tool)
      const checked = await check(own.inputSchema, input)
      if (!checked.isValid) return refused(`The arguments are not valid: ${checked.problem}`)
      const onEnd = (): void => stop.abort(run.signal.reason)
      run.signal.addEventListener('abort', onEnd, { once: true })
      try {
        const result = await own.execute(checked.value, {
          scope: run.scope,
          toolCallId: run.toolCallId,
          sessionId: part.sessionId,
          callKey: `${part.sessionId}:${part.id}`,
          signal: stop.signal,
        })
        return { result: { content: [{ type: 'text', text: textOf(result) }] } }
      } catch (error) {
        run.onError(error)
        return refused('The tool failed. The host was told why.')
      } finally {
        run.signal.removeEventListener('abort', onEnd)
      }
    } finally {
      if (executing.get(id) === stop) executing.delete(id)
    }
  }

  const answer = async (
    method: string,
    id: string | number,
    params: Fields,
  ): Promise<RpcAnswer> => {
    switch (method) {
      case 'initialize':
        return {
          result: {
            protocolVersion,
            capabilities: { tools: {} },
            serverInfo: { name: 'turnstead-task', version: '1' },
          },
        }
      case 'ping':
        return { result: {} }
      case 'tools/list':
        return { result: { tools: await describe([...runs]) } }
      case 'tools/call':
        return await call(id, params)
      default:
        return methodNotFound
    }
  }

  return {
    runs,
    async answer(body) {
      const message = readRpc(body)
      if (message === null) {
        return JSON.stringify({
          jsonrpc: '2.0',
          id: null,
          error: { code: -32_700, message: 'This is no message of the protocol.' },
        })
      }
      const { id, method, params } = message
      if (id !== null) return writeRpc(id, await answer(method, id, params))
      // The server sends it after every call, also after one that was answered.
      const cancelled = params['requestId']
      const isCancel = method === 'notifications/cancelled'
      if (isCancel) executing.get(cancelled as string | number)?.abort(cancelledByServer)
      return null
    },
  }
}

type Fields = Readonly<Record<string, unknown>>

const cancelledByServer = new DOMException('The agent does not wait any more.', 'AbortError')

function toolOf(run: HostToolRun, name: string): HostTool {
  const tool = run.tools[name]
  if (tool === undefined) throw new Error(`the run does not offer ${name}`)
  return tool
}

function refused(text: string): RpcAnswer {
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
