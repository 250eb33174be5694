import { requestShapes } from '../../generated/request-tables.js'

/** Every operation of the server's own description: methods by path, as `'/session': 'GET POST'`. */
export const operations: Readonly<Record<string, string>> = byPath()

function byPath(): Record<string, string> {
  const made: Record<string, string> = {}
  for (const line of Object.keys(requestShapes)) {
    const [method = '', path = ''] = line.split(' ')
    made[path] = made[path] === undefined ? method : `${made[path]} ${method}`
  }
  return made
}
