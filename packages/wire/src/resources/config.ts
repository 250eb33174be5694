import type { BodyFor, CallOptions, ResponseOf } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** The directory's configuration. */
export interface ConfigResource {
  /** The configuration in effect. It holds credentials when they were configured: do not log it. */
  get(options?: CallOptions): Promise<ResponseOf<'GET', '/config'>>
  /** Changes it. The directory is unloaded: running turns are aborted and its event stream ends. */
  update(
    patch: BodyFor<'PATCH', '/config'>,
    options?: CallOptions,
  ): Promise<ResponseOf<'PATCH', '/config'>>
  /** Configured providers and their default models. */
  providers(options?: CallOptions): Promise<ResponseOf<'GET', '/config/providers'>>
}

/** Providers of models. */
export interface ProviderResource {
  /** All known providers, the connected ones and the default models. */
  list(options?: CallOptions): Promise<ResponseOf<'GET', '/provider'>>
  /** How each provider can be authenticated. */
  auth(options?: CallOptions): Promise<ResponseOf<'GET', '/provider/auth'>>
}

/** The agents that a prompt can name. */
export interface AgentResource {
  /** All agents with their rules. A prompt that names no agent runs with the default one. */
  list(options?: CallOptions): Promise<ResponseOf<'GET', '/agent'>>
}

/** The commands that `session.command` can run. */
export interface CommandResource {
  /** All commands. */
  list(options?: CallOptions): Promise<ResponseOf<'GET', '/command'>>
}

export function createConfigResource(request: Request): ConfigResource {
  return {
    get: (options) => request('GET', '/config', options),
    update: (body, options) => request('PATCH', '/config', { ...options, body }),
    providers: (options) => request('GET', '/config/providers', options),
  }
}

export function createProviderResource(request: Request): ProviderResource {
  return {
    list: (options) => request('GET', '/provider', options),
    auth: (options) => request('GET', '/provider/auth', options),
  }
}

export function createAgentResource(request: Request): AgentResource {
  return { list: (options) => request('GET', '/agent', options) }
}

export function createCommandResource(request: Request): CommandResource {
  return { list: (options) => request('GET', '/command', options) }
}
