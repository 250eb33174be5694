import { createServer } from 'node:net'

/**
 * A port that was free a moment ago. The server itself would take 4096 for port 0 whenever it can, and then
 * any other server that starts while this one restarts would take its address away.
 */
export function freePort(hostname: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer()
    listener.once('error', reject)
    listener.listen({ port: 0, host: hostname }, () => {
      const address = listener.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      listener.close(() => resolve(port))
    })
  })
}
