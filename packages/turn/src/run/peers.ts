import { version as reply } from '@turnstead/reply'
import { version as wire } from '@turnstead/wire'
import { version as turn } from '../version.js'

/** Versions that must fit this package's own, by the name of their package. */
const installed: Readonly<Record<string, string>> = {
  '@turnstead/wire': wire,
  '@turnstead/reply': reply,
}

/** Package managers only warn about peers that do not fit; without this, a turn would fail in the middle. */
export function assertPeersFit(
  peers: Readonly<Record<string, string>> = installed,
  own: string = turn,
): void {
  for (const [name, version] of Object.entries(peers)) {
    if (series(version) === series(own)) continue
    throw new RangeError(
      `@turnstead/turn ${own} does not work with ${name} ${version}: install all @turnstead packages at one version, ` +
        `e.g. npm install @turnstead/turn@${own} ${Object.keys(peers)
          .map((each) => `${each}@${own}`)
          .join(' ')}`,
    )
  }
}

/** What may change without breaking: below 1.0 the patch, after that the minor as well. */
function series(version: string): string {
  const [major = '', minor = ''] = version.split('.')
  return major === '0' ? `0.${minor}` : major
}
