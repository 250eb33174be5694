import type { paths } from './generated/openapi.js'

/** Methods that the server's operations use. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Every path that has an operation for a method, as the OpenAPI document writes it (`/session/{sessionID}`). */
export type PathFor<M extends Method> = {
  [P in keyof paths]: [OperationAt<M, P>] extends [never] ? never : P
}[keyof paths]

/** The operation of the OpenAPI document for a method and a path. */
export type OperationAt<M extends Method, P extends keyof paths> = paths[P] extends {
  [K in Lowercase<M>]: infer Operation
}
  ? Operation
  : never

/** What every call takes beside its own input. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined
  /** Overrides the client's budget for this call, in milliseconds; 0 means without end. */
  timeoutMs?: number | undefined
}

/** What a call of one operation takes; names and shapes are the document's. */
export type RequestOptions<M extends Method, P extends PathFor<M>> = CallOptions &
  ParamsOf<OperationAt<M, P>, P> &
  QueryOf<OperationAt<M, P>> &
  BodyOf<OperationAt<M, P>>

/** What a call of one operation resolves with. */
export type ResponseOf<M extends Method, P extends PathFor<M>> = P extends '/api/fs/read/*'
  ? Uint8Array
  : SuccessOf<OperationAt<M, P>>

/** The trailing arguments of a call: options may be left out when nothing in them is required. */
export type RequestArguments<M extends Method, P extends PathFor<M>> =
  Record<never, never> extends RequestOptions<M, P>
    ? [options?: RequestOptions<M, P>]
    : [options: RequestOptions<M, P>]

type ParamsOf<Operation, P> = P extends `${string}*`
  ? { params: { '*': string } }
  : Operation extends { parameters: { path: infer Params } }
    ? [Params] extends [never | undefined]
      ? unknown
      : { params: Params }
    : unknown

type QueryOf<Operation> = Operation extends { parameters: { query: infer Query } }
  ? { query: Query }
  : Operation extends { parameters: { query?: infer Query } }
    ? [Query] extends [never | undefined]
      ? unknown
      : { query?: Query | undefined }
    : unknown

type BodyOf<Operation> = Operation extends { requestBody: { content: infer Content } }
  ? { body: Content[keyof Content] }
  : Operation extends { requestBody?: { content: infer Content } }
    ? { body?: Content[keyof Content] | undefined }
    : unknown

type SuccessOf<Operation> = Operation extends { responses: infer Responses }
  ? { [S in keyof Responses & (200 | 201 | 202 | 204)]: ContentOf<Responses[S]> }[keyof Responses &
      (200 | 201 | 202 | 204)]
  : never

type ContentOf<Response> = Response extends { content: infer Content }
  ? 'text/event-stream' extends keyof Content
    ? AsyncIterable<Content[keyof Content & 'text/event-stream']>
    : Content[keyof Content]
  : undefined

/** The query of an operation. */
export type QueryFor<M extends Method, P extends PathFor<M>> =
  RequestOptions<M, P> extends { query?: infer Query } ? NonNullable<Query> : never

/** The body of an operation. */
export type BodyFor<M extends Method, P extends PathFor<M>> =
  RequestOptions<M, P> extends { body?: infer Body } ? NonNullable<Body> : never
