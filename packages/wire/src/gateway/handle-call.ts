import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.js'
import type { Admission } from './admission.js'
import { forward, type Forwarded, refuse } from './forward.js'
import type { Grants, LiveGrant } from './grants.js'
import type { Spend, SpendLedger } from './ledger.js'
import { type ModelRequest, readModelRequest } from './model-request.js'
import type { GatewayErrorContext, GatewayOptions } from './options.js'
import { assertPrice, costOf, estimateUsage, highestCost, type ModelPrice } from './price.js'
import { refusal, type RefusalCode } from './refusals.js'
import type { SessionRoots } from './session-roots.js'
import type { Upstream } from './upstreams.js'
import { noUsage } from './usage.js'

/** What all calls share. */
export interface CallContext extends Pick<GatewayOptions, 'priceOf' | 'userOf' | 'onCall'> {
  readonly upstreams: () => ReadonlyMap<string, Upstream>
  readonly grants: Grants
  readonly roots: SessionRoots
  readonly admission: Admission
  readonly ledger: SpendLedger
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly maxBodyBytes: number
  readonly headersTimeoutMs: number
  readonly silenceMs: number
  report(error: unknown, context: GatewayErrorContext): void
}

/** A call that may cost money from here on. */
interface Payable {
  readonly callId: string
  readonly user: string
  readonly upstream: Upstream
  readonly operation: string
  readonly request: ModelRequest
  readonly price: ModelPrice
  readonly sessionId: string | null
  readonly rootSessionId: string | null
}

/** One call of a server to a model, from its token to what it cost. Never rejects. */
export async function handleCall(
  incoming: IncomingMessage,
  response: ServerResponse,
  context: CallContext,
): Promise<void> {
  const callId = randomUUID()
  try {
    const refused = await tryCall(callId, incoming, response, context)
    if (refused !== null) refuse(response, refusal(refused))
  } catch (error) {
    if (!response.destroyed) context.report(error, { step: 'reserve', callId, user: null })
    refuse(response, refusal('gateway_failed'))
  }
}

/** Null when the call was answered, else why it did not go out. */
async function tryCall(
  callId: string,
  incoming: IncomingMessage,
  response: ServerResponse,
  context: CallContext,
): Promise<RefusalCode | null> {
  const to = route(incoming, context.upstreams())
  if (to === null) return 'unknown_route'
  const grant = authorize(incoming, context.grants)
  if (grant === null) return 'unauthorized'
  const gone = new AbortController()
  response.once('close', () => gone.abort(new Error('The caller has gone.')))
  const signal = AbortSignal.any([gone.signal, grant.signal])
  const call = await prepare(incoming, { callId, grant, ...to }, context)
  if (typeof call === 'string') return call
  return pay(call, { incoming, response, signal }, context)
}

/** Everything that is looked at before a call, in the order of what it costs to look. */
async function prepare(
  incoming: IncomingMessage,
  call: Pick<Payable, 'callId' | 'upstream' | 'operation'> & { readonly grant: LiveGrant },
  context: CallContext,
): Promise<Payable | RefusalCode> {
  const { callId, upstream, operation, grant } = call
  const body = await readBody(incoming, context.maxBodyBytes)
  if (body === null) return 'too_large'
  const request = readModelRequest(body, operation)
  if (request === null) return 'invalid_request'
  if (request === 'unbounded') return 'unbounded_request'
  const { model } = request
  const sessionId = header(incoming, 'x-session-id')
  const rootSessionId = context.roots.rootOf(sessionId, header(incoming, 'x-parent-session-id'))
  const caller = { grantUser: grant.user, sessionId, rootSessionId }
  let step: GatewayErrorContext['step'] = 'user'
  try {
    const user = context.userOf === undefined ? grant.user : await context.userOf(caller)
    if (typeof user !== 'string' || user === '') return 'unknown_user'
    step = 'price'
    const price = await context.priceOf({ provider: upstream.id, model })
    if (price === null) return 'no_price'
    assertPrice(`${upstream.id}/${model}`, price)
    return { callId, user, upstream, operation, request, price, sessionId, rootSessionId }
  } catch (error) {
    context.report(error, { step, callId, user: grant.user })
    return 'gateway_failed'
  }
}

async function pay(
  call: Payable,
  {
    incoming,
    response,
    signal,
  }: { incoming: IncomingMessage; response: ServerResponse; signal: AbortSignal },
  context: CallContext,
): Promise<RefusalCode | null> {
  const { callId, user, upstream, operation, request, price } = call
  const { ledger, admission, dispatcher, headersTimeoutMs, silenceMs } = context
  const microUsd = highestCost(request, price)
  const refused = await admission.admit({ callId, user, microUsd }, signal)
  if (refused !== null) return refused
  const means = {
    upstream,
    operation,
    headers: incoming.headers,
    dispatcher,
    headersTimeoutMs,
    silenceMs,
    clock: context.clock,
  }
  const stopped: Forwarded = { ...unsent, finish: () => refuse(response, refusal('unauthorized')) }
  // What was set aside is settled, whatever happens.
  const forwarded = signal.aborted
    ? stopped
    : await forward(request, response, { ...means, signal }).catch((error: unknown) => ({
        ...({ outcome: 'cut', usage: null, tokens: null } as const),
        error,
        finish: () => refuse(response, refusal('gateway_failed')),
      }))
  const { error } = forwarded
  if (error !== undefined && !signal.aborted)
    context.report(error, { step: 'upstream', callId, user })
  const spend = toSpend(call, forwarded, { at: context.clock.now(), reservedMicroUsd: microUsd })
  await settle(spend, { ledger, clock: context.clock }, (failure) =>
    context.report(failure, { step: 'settle', callId, user }),
  )
  admission.freed(user)
  // Only now: what the caller does next finds this call counted.
  forwarded.finish()
  try {
    context.onCall?.(spend)
  } catch (failure) {
    context.report(failure, { step: 'on_call', callId, user })
  }
  return null
}

const unsent = { outcome: 'refused', usage: null, tokens: 0 } as const

function toSpend(
  call: Payable,
  forwarded: Forwarded,
  more: Pick<Spend, 'at' | 'reservedMicroUsd'>,
): Spend {
  const { callId, user, upstream, request, price, sessionId, rootSessionId } = call
  const { outcome, usage: said, tokens } = forwarded
  const isEstimated = said?.isFinal !== true && outcome !== 'refused'
  const { isFinal: _, ...counted } = said ?? { ...noUsage, isFinal: false }
  const usage = isEstimated ? estimateUsage(request, price, { said, tokens }) : counted
  return {
    callId,
    user,
    provider: upstream.id,
    model: request.model,
    sessionId,
    rootSessionId,
    usage,
    microUsd: costOf(usage, price),
    isEstimated,
    outcome,
    ...more,
  }
}

const settlePausesMs = [50, 200, 1_000, 5_000]

/** What is not settled stays set aside, which is on the safe side. */
async function settle(
  spend: Spend,
  { ledger, clock }: { readonly ledger: SpendLedger; readonly clock: Clock },
  report: (error: unknown) => void,
): Promise<void> {
  for (const pauseMs of [...settlePausesMs, null]) {
    try {
      return await ledger.settle(spend)
    } catch (error) {
      if (pauseMs === null) return report(error)
      await clock.sleep(pauseMs)
    }
  }
}

function route(
  { method, url = '' }: IncomingMessage,
  upstreams: ReadonlyMap<string, Upstream>,
): Pick<Payable, 'upstream' | 'operation'> | null {
  const [, id = '', operation = ''] = /^\/([^/?]+)\/([a-z/]+)$/.exec(url) ?? []
  const upstream = upstreams.get(decoded(id))
  if (method !== 'POST' || upstream?.operations.has(operation) !== true) return null
  return { upstream, operation }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Each provider's own way to name a key. */
function authorize(incoming: IncomingMessage, grants: Grants): LiveGrant | null {
  const bearer = /^Bearer (\S+)$/i.exec(header(incoming, 'authorization') ?? '')?.[1]
  return grants.find(bearer ?? header(incoming, 'x-api-key') ?? '')
}

function header({ headers }: IncomingMessage, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value.slice(0, 255) : null
}

async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
