import { createHash } from 'node:crypto'
import { createEndpoint, type Endpoint, type HostToolRun } from './endpoint.js'
import { fieldsOf } from './json-rpc.js'
import type { Listener, SecretAddress } from './listener.js'
import type { McpPort } from './mcp-port.js'

/** A permission rule of a session, as the server has it. */
export interface Rule {
  readonly permission: string
  readonly pattern: string
  readonly action: 'allow' | 'ask' | 'deny'
}

/** What all names of host tools begin with, whosever they are. */
const everyone = 'host_'
const requestMs = 30_000
/** So long a call may take; the server's own limit is five seconds. */
const callMs = 600_000

/** The name under which the server knows the tools of a scope. It tells nothing of the scope. */
export function serverNameOf(scope: string): string {
  return `${everyone}${createHash('sha256').update(scope).digest('hex').slice(0, 8)}`
}

/** For sessions without host tools: those of others that are registered in their directory are not theirs to call. */
export const noHostTools: readonly Rule[] = [
  { permission: `${everyone}*`, pattern: '*', action: 'deny' },
]

/**
 * The rules of a session for host tools: those of its own scope, and no others that are registered in its directory. `deny` rules
 * reach sub-agents and `allow` rules do not, so sub-agents have no host tools.
 */
export function hostToolRules(run: Pick<HostToolRun, 'tools' | 'scope'>): readonly Rule[] {
  const name = serverNameOf(run.scope)
  const asked = Object.entries(run.tools).filter(([, { needsApproval }]) => needsApproval === true)
  return [
    ...noHostTools,
    { permission: `${name}_*`, pattern: '*', action: 'allow' },
    ...asked.map(([tool]) => ({
      permission: `${name}_${tool}`,
      pattern: '*',
      action: 'ask' as const,
    })),
  ]
}

/** The runs of one scope in this process, at one address. */
interface Offer {
  readonly endpoint: Endpoint
  readonly address: Promise<SecretAddress>
  /** By the server that knows it: the names of the tools that it was told, and for how many runs. */
  readonly registrations: Map<McpPort, { runs: number; names: string }>
  /** One change of the registrations at a time. */
  turn: Promise<void>
}

const offersOf = new WeakMap<Listener, Map<string, Offer>>()

/** Host tools that a server knows, for one run. */
export interface OfferedTools {
  /** Tells the server again where it does not know them: one that was started anew has forgotten them. */
  again(): Promise<void>
  /** @param leaves - Another process takes the run over, and its calls with it. */
  withdraw(leaves: boolean): Promise<void>
}

/** Where and how the tools of a run are offered. */
export interface OfferOptions {
  readonly mcp: McpPort
  readonly listener: Listener
  /** The agent was at work already, for an earlier process: calls of its may be under way. */
  readonly isTakenOver: boolean
}

/** Lets the agent of a run call the host's tools. Rejects when the server does not take them. */
export async function offerTools(
  run: HostToolRun,
  { mcp, listener, isTakenOver }: OfferOptions,
): Promise<OfferedTools> {
  const name = serverNameOf(run.scope)
  const offers = offersOf.get(listener) ?? new Map<string, Offer>()
  offersOf.set(listener, offers)
  const offer = offers.get(name) ?? openOffer(name, run, listener)
  offers.set(name, offer)
  offer.endpoint.runs.add(run)
  const keeps = listener.settlesInMs() !== null
  const withdraw = async (leaves: boolean): Promise<void> => {
    offer.endpoint.runs.delete(run)
    const stays = leaves && keeps
    await inTurn(offer, () => unregister(offer, mcp, { name, stays })).catch(run.onError)
    if (offer.endpoint.runs.size > 0 || offers.get(name) !== offer) return
    offers.delete(name)
    await offer.address.then(
      (address) => address.close(),
      () => undefined,
    )
  }
  try {
    // Where it cannot be reached there is nothing to tell, also to a server that knows it already.
    await offer.address
    await inTurn(offer, () => register(offer, mcp, { name, mayKnow: keeps && isTakenOver }))
    return { withdraw, again: () => inTurn(offer, () => tellIfForgotten(offer, mcp, name)) }
  } catch (error) {
    await withdraw(false)
    throw error
  }
}

function openOffer(name: string, { clock }: HostToolRun, listener: Listener): Offer {
  const endpoint = createEndpoint(name, clock)
  const address = listener.open(name, endpoint)
  return { endpoint, address, registrations: new Map(), turn: Promise.resolve() }
}

async function inTurn(offer: Offer, work: () => Promise<void>): Promise<void> {
  const own = offer.turn.then(work)
  offer.turn = own.catch(() => undefined)
  await own
}

async function register(
  offer: Offer,
  mcp: McpPort,
  { name, mayKnow }: { readonly name: string; readonly mayKnow: boolean },
): Promise<void> {
  const known = offer.registrations.get(mcp) ?? { runs: 0, names: '' }
  offer.registrations.set(mcp, known)
  known.runs += 1
  if (namesOf(offer) === known.names) return
  if (mayKnow && known.names === '') await tellIfForgotten(offer, mcp, name)
  else await tell(offer, mcp, name)
}

/** Telling a server that knows them breaks every call under way (measured on 1.18.33). */
async function tellIfForgotten(offer: Offer, mcp: McpPort, name: string): Promise<void> {
  const states = fieldsOf(await mcp.status?.({ timeoutMs: requestMs }))
  const known = offer.registrations.get(mcp)
  if (fieldsOf(states[name])['status'] !== 'connected') await tell(offer, mcp, name)
  else if (known !== undefined && known.names === '') known.names = namesOf(offer)
}

async function tell(offer: Offer, mcp: McpPort, name: string): Promise<void> {
  const known = offer.registrations.get(mcp)
  if (known === undefined) return
  const names = namesOf(offer)
  const { url } = await offer.address
  const config = { type: 'remote', url, oauth: false, timeout: callMs } as const
  assertConnected(name, await mcp.add({ name, config }, { timeoutMs: requestMs }))
  known.names = names
}

/** The server answers 200, whether it could connect or not. */
function assertConnected(name: string, answer: unknown): void {
  const { status } = fieldsOf(fieldsOf(answer)[name])
  if (status === undefined || status === 'connected') return
  throw new Error(
    `The OpenCode server could not connect to the host tools (${JSON.stringify(status)}): it must run on this machine, and reach its loopback.`,
  )
}

async function unregister(
  offer: Offer,
  mcp: McpPort,
  { name, stays }: { readonly name: string; readonly stays: boolean },
): Promise<void> {
  const known = offer.registrations.get(mcp)
  if (known === undefined) return
  known.runs -= 1
  if (known.runs > 0) return
  offer.registrations.delete(mcp)
  if (known.names !== '' && !stays) await mcp.disconnect(name, { timeoutMs: requestMs })
}

function namesOf({ endpoint }: Offer): string {
  const names = [...endpoint.runs].flatMap(({ tools }) => Object.keys(tools))
  return [...new Set(names)].toSorted().join(' ')
}
