import { BlockList, isIP } from 'node:net'

/** This machine itself. */
export const loopback: readonly string[] = ['127.0.0.0/8', '::1']

/**
 * Addresses, and ranges such as `10.0.0.0/8`.
 *
 * @throws TypeError for what is neither.
 */
export function addressesOf(texts: readonly string[]): BlockList {
  const list = new BlockList()
  for (const text of texts) {
    const [address = '', bits] = text.split('/')
    const family = isIP(address)
    if (family === 0) throw new TypeError(`${text} is no address.`)
    const most = family === 4 ? 32 : 128
    const prefix = bits === undefined ? most : Number(bits)
    if (bits === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > most) {
      throw new TypeError(`${text} is no range of addresses.`)
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
