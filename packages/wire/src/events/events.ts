import { WireError } from '../errors.js'
import type { Http } from '../http/http.js'
import type { Settings } from '../options.js'
import type { Requester } from '../http/request.js'
import type { Scope } from '../http/scope.js'
import { openConnection } from './connection.js'
import type { GlobalEvent, ServerEvent } from './event-types.js'
import { createHub, type Hub } from './hub.js'
import type { Subscription } from './subscription.js'

/** Which events to receive. */
export interface SubscribeOptions {
  /** Only events of this session. Default: every event of the directory. */
  session?: string | undefined
  /** With `session`: also the events of its sub-agents. Default: true. */
  includeChildren?: boolean | undefined
  /** Ends the subscription; its loop then throws the signal's own reason. */
  signal?: AbortSignal | undefined
}

/** The server's live events. Nothing is replayed by the server: what was missed is marked by a gap. */
export interface EventsResource {
  /**
   * Joins the event stream of the client's directory. All subscribers of a client share one connection
   * per directory; it opens with the first and closes with the last. Wait for `ready` before you send a
   * prompt. The loop throws a `WireError` when the stream cannot come back (`unauthorized`, `forbidden`,
   * `not_found`, `malformed_response`, or the last failure after `reconnect.giveUpAfterMs`).
   */
  subscribe(options?: SubscribeOptions): Subscription<ServerEvent>
  /**
   * Joins the event stream of the whole server. It can lose events in the first milliseconds after it
   * is ready; follow turns with {@link EventsResource.subscribe}.
   */
  global(options?: { signal?: AbortSignal | undefined }): Subscription<GlobalEvent>
}

/** The streams of one client, shared by all its scopes. */
export interface HubRegistry {
  readonly get: <Event>(path: string, requester: Requester, scope: Scope) => Hub<Event>
  readonly close: () => void
}

export function createHubRegistry(http: Http, settings: Settings): HubRegistry {
  const hubs = new Map<string, Hub<never>>()
  let isClosed = false
  return {
    get: (path, requester, scope) => {
      if (isClosed) throw clientClosed()
      const key = JSON.stringify([path, scope.directory, scope.workspace])
      const existing = hubs.get(key)
      if (existing !== undefined) return existing
      const call = requester.bind('GET', path, {}, 'text/event-stream')
      const hub = createHub<never>(
        settings,
        path,
        (sink) => openConnection(http, settings, call, sink),
        () => hubs.delete(key),
      )
      hubs.set(key, hub)
      return hub
    },
    close: () => {
      isClosed = true
      for (const hub of hubs.values()) hub.close(clientClosed())
    },
  }
}

export function createEventsResource(
  registry: HubRegistry,
  requester: Requester,
  scope: Scope,
): EventsResource {
  return {
    subscribe: ({ session, includeChildren, signal } = {}) =>
      registry.get<ServerEvent>('/event', requester, scope).subscribe({
        session: session ?? null,
        includeChildren: includeChildren ?? true,
        signal,
      }),
    global: ({ signal } = {}) =>
      registry
        .get<GlobalEvent>('/global/event', requester, {})
        .subscribe({ session: null, includeChildren: true, signal }),
  }
}

function clientClosed(): WireError {
  return new WireError('closed', 'The client is closed', { delivered: 'no' })
}
