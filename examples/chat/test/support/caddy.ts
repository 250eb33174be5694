import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deployFolder, replaced, type FrontKind } from './front.js'

/** Caddy with the Caddyfile, and a certificate from a file: no one can sign one for this machine. */
export function caddyFront(protocol: 'http' | 'https'): FrontKind {
  return {
    name: `Caddy over ${protocol}`,
    protocol,
    programs: ['caddy'],
    async prepare({ folder, port, upstreams, certificate, key }) {
      const servers = upstreams.map((each) => `127.0.0.1:${each}`)
      const tls = protocol === 'https' ? `\ttls ${certificate} ${key}\n` : ''
      const text = replaced(await readFile(join(deployFolder, 'Caddyfile'), 'utf8'), [
        [/^chat\.example\.com \{\n/m, `${protocol}://127.0.0.1:${port} {\n${tls}`],
        [/to web-1:3000 web-2:3000/, `to ${servers.join(' ')}`],
      ])
      const file = join(folder, 'Caddyfile')
      await writeFile(file, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`)
      return {
        program: 'caddy',
        args: ['run', '--adapter', 'caddyfile', '--config', file],
        env: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      }
    },
  }
}
