/** A request or notification of the Model Context Protocol. */
export interface RpcMessage {
  /** Null for a notification. */
  readonly id: string | number | null
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

export type RpcAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }

/** Null for what is none; batches are not part of the protocol any more. */
export function readRpc(text: string): RpcMessage | null {
  try {
    const value: unknown = JSON.parse(text)
    const { id, jsonrpc, method, params } = fieldsOf(value)
    if (jsonrpc !== '2.0' || typeof method !== 'string') return null
    const isId = typeof id === 'string' || typeof id === 'number'
    return { id: isId ? id : null, method, params: fieldsOf(params) }
  } catch {
    return null
  }
}

export function writeRpc(id: string | number, answer: RpcAnswer): string {
  return JSON.stringify({ jsonrpc: '2.0', id, ...answer })
}

export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export const methodNotFound: RpcAnswer = {
  error: { code: -32_601, message: 'There is no such method.' },
}

/** The answer to what {@link readRpc} cannot read. */
export const noMessage: string = JSON.stringify({
  jsonrpc: '2.0',
  id: null,
  error: { code: -32_700, message: 'This is no message of the protocol.' },
})
