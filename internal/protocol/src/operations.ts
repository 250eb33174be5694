import type { Json, OpenApiDocument } from './document.js'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

/** One operation of the document. */
export interface Operation {
  readonly method: string
  readonly path: string
  readonly id: string
  readonly definition: { readonly [key: string]: Json }
}

export function listOperations(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const definition = item[method]
      if (definition === undefined || definition === null || typeof definition !== 'object')
        return []
      if (Array.isArray(definition)) return []
      const id = definition['operationId']
      const name = typeof id === 'string' ? id : `${method} ${path}`
      return [{ method: method.toUpperCase(), path, id: name, definition }]
    }),
  )
}
