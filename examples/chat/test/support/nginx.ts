import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deployFolder, replaced, type FrontKind } from './front.js'

/** nginx with one of the two files for it. */
export function nginxFront(settings: 'nginx.conf' | 'nginx-tls.conf'): FrontKind {
  const isTls = settings === 'nginx-tls.conf'
  return {
    name: `nginx with ${settings}`,
    protocol: isTls ? 'https' : 'http',
    programs: ['nginx'],
    async prepare({ folder, port, upstreams, certificate, key }) {
      const servers = upstreams.map(
        (each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=2s;`,
      )
      const text = replaced(await readFile(join(deployFolder, settings), 'utf8'), [
        [/server web:3000[^;]*;/, servers.join('\n    ')],
        [/listen (?:80|443)/, `listen 127.0.0.1:${port}`],
        [/\/tmp\/nginx-body/, `${folder}/body`],
        [/\/tmp\/nginx-proxy/, `${folder}/proxy`],
        [/http \{/, `http {\n  access_log off;\n  ${otherFolders(folder)}`],
        ...(isTls
          ? ([
              [/\/etc\/ssl\/chat\/fullchain\.pem/, certificate],
              [/\/etc\/ssl\/chat\/privkey\.pem/, key],
            ] as const)
          : []),
      ])
      const file = join(folder, settings)
      await writeFile(file, text)
      const included = await readFile(join(deployFolder, 'chat-proxy.conf'))
      await writeFile(join(folder, 'chat-proxy.conf'), included)
      const user = process.getuid?.() === 0 ? 'user root;' : ''
      const globals = `daemon off; ${user} pid ${folder}/pid; error_log stderr error;`
      return { program: 'nginx', args: ['-p', folder, '-c', file, '-g', globals] }
    },
  }
}

/** Where it would write by default only its own user may. */
function otherFolders(folder: string): string {
  const kinds = ['fastcgi', 'uwsgi', 'scgi']
  return kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')
}
