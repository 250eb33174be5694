import type { ServerResponse } from 'node:http'
import {
  createMemoryLedger,
  type GatewayOptions,
  type ModelGateway,
  type ModelPrice,
  type Spend,
  startModelGateway,
} from '../../../src/gateway.js'
import type { ProviderCredentials } from '../../../src/providers.js'
import { type SeenRequest, startStub, type StubServer } from '../../support/stub-server.js'

export const key = 'sk-secret-of-the-provider'
export const price: ModelPrice = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }
export const chat = 'my%20provider/chat/completions'
export const chatUsage = { prompt_tokens: 100, completion_tokens: 20 }

/** What a provider says. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void

export const stream =
  (...events: unknown[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'set-cookie': 'a=1' })
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`)
    response.end()
  }
export const whole =
  (body: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

export async function codeOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string } }
  return `${response.status} ${error.code}`
}

interface CallInit {
  readonly token?: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** A provider with answers of the test's, and a gateway before it. */
export interface GatewayRig {
  readonly provider: StubServer
  /** The newest that was started. */
  readonly gateway: ModelGateway
  answer: Answer
  readonly spends: Spend[]
  readonly problems: string[]
  credentials(): ProviderCredentials[]
  start(more?: Partial<GatewayOptions>): Promise<ModelGateway>
  tokenOf(user?: string): string
  call(path: string, init?: CallInit): Promise<Response>
  close(): Promise<void>
}

export async function openGatewayRig(): Promise<GatewayRig> {
  const provider = await startStub((request, response) => rig.answer(response, request))
  const started: ModelGateway[] = []
  const rig: GatewayRig = {
    provider,
    get gateway() {
      const [newest] = started.slice(-1)
      if (newest === undefined) throw new Error('no gateway was started')
      return newest
    },
    answer: stream({ choices: [{ delta: { content: 'Hi' } }] }, { choices: [], usage: chatUsage }),
    spends: [],
    problems: [],
    credentials: () => [
      {
        provider: 'openai-compatible',
        id: 'my provider',
        baseUrl: provider.url,
        apiKey: key,
        model: 'm',
      },
      { provider: 'anthropic', baseUrl: `${provider.url}/v1/`, apiKey: key },
      { provider: 'openai', baseUrl: `${provider.url}/v1`, apiKey: key },
    ],
    async start(more = {}) {
      const gateway = await startModelGateway({
        credentials: rig.credentials(),
        priceOf: ({ model }) => (model === 'free' ? null : price),
        ledger: createMemoryLedger({ capOf: () => null }),
        onCall: (spend) => rig.spends.push(spend),
        onError: (error, { step }) => rig.problems.push(`${step}: ${String(error)}`),
        ...more,
      })
      started.push(gateway)
      return gateway
    },
    tokenOf: (user = 'ann') => rig.gateway.grant({ user }).token,
    call(path, init = {}) {
      const { token = rig.tokenOf(), headers = {}, body = { model: 'm', stream: true } } = init
      return fetch(`${rig.gateway.url}/${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(init.signal !== undefined && { signal: init.signal }),
      })
    },
    async close() {
      await Promise.all(started.map((gateway) => gateway.close()))
      await provider.close()
    },
  }
  return rig
}
