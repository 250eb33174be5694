import type { IncomingMessage } from 'node:http'
import { type BlockList, isIP } from 'node:net'
import { addressesOf, loopback } from '../addresses.js'
import type { Users } from './users.js'

/**
 * Users whom a proxy in front has made sure of, and names in a header. It must take the header out of what browsers send; who comes by another
 * way than by one of these addresses is not believed.
 *
 * @param proxies - Addresses, or ranges such as `10.0.0.0/8`.
 * @throws TypeError for what is no address.
 */
export function createHeaderUsers(header: string, proxies: readonly string[] = loopback): Users {
  const trusted = addressesOf(proxies)
  return {
    find(request) {
      const value = request.headers[header]
      if (!isFrom(request, trusted)) return null
      // Sent twice, one of them may be the browser's own.
      if (typeof value !== 'string' || value.includes(',')) return null
      const name = value.trim()
      // Whoever has another log-in, or none, is someone else, whatever they are called.
      return name === '' || name.length > 180 ? null : { id: `header:${name}`, name }
    },
    isNamed: true,
    names: null,
  }
}

function isFrom({ socket }: IncomingMessage, trusted: BlockList): boolean {
  // A socket for both kinds of addresses shows the older ones as newer ones.
  const address = socket.remoteAddress?.replace(/^::ffff:(?=[\d.]+$)/, '') ?? ''
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
