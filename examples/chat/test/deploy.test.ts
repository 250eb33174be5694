import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { parse } from 'yaml'
import { readSettings } from '../src/settings.js'

const folder = new URL('../', import.meta.url)
const root = new URL('../../', folder)
const read = (path: string, base: URL = folder): string => readFileSync(new URL(path, base), 'utf8')
const exists = (path: string, base: URL = folder): boolean =>
  existsSync(fileURLToPath(new URL(path, base)))

interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly deploy?: { readonly replicas: number }
  readonly healthcheck?: { readonly test: readonly string[] }
}

const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const { services } = compose
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined)

/** As compose does, with these variables: what is missing has its default, and some must not be missing. */
function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+):([-?])([^}]*)\}/g,
    (_, name: string, kind: string, rest: string) => {
      const value = variables[name] ?? ''
      if (value !== '') return value
      if (kind === '?') throw new Error(`${name}: ${rest}`)
      return rest
    },
  )
}

function environmentOf(
  { environment = {} }: Service,
  variables: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, withVariables(value, variables)]),
  )
}

describe('compose.yaml of the chat', () => {
  const variables = { OPENCODE_SERVER_PASSWORD: 'a long random one' }
  const settingsOf = (name: string) => {
    const service = services[name]
    if (service === undefined) throw new Error(`there is no service ${name}`)
    return readSettings({ ...dockerEnv(), ...environmentOf(service, variables) })
  }

  it('starts two web processes, two workers, and one OpenCode, on PostgreSQL', () => {
    expect(Object.keys(services)).to.have.members([
      ...['database', 'agent', 'worker', 'web', 'proxy'],
    ])
    for (const [name, role, replicas] of [
      ['web', 'web', 2],
      ['worker', 'worker', 2],
      ['agent', 'agent', undefined],
    ] as const) {
      expect(settingsOf(name).role).to.equal(role)
      expect(services[name]?.deploy?.replicas, name).to.equal(replicas)
    }
    expect(services['database']?.image).to.match(/^postgres:\d+$/)
  })

  it('refuses to start without a password for OpenCode', () => {
    for (const name of ['agent', 'worker', 'web']) {
      expect(() => environmentOf(services[name] ?? {}, {}), name).to.throw(
        'OPENCODE_SERVER_PASSWORD',
      )
    }
  })

  it('gives processes what they share: rows, server, workspace, files', () => {
    const [web, worker, agent] = [settingsOf('web'), settingsOf('worker'), settingsOf('agent')]
    for (const name of ['databaseUrl', 'opencodeUrl', 'opencodePassword', 'filesDir'] as const) {
      expect(web[name], name).to.equal(worker[name]).and.not.equal(null)
    }
    expect(new Set([web.workspace, worker.workspace, agent.workspace]).size).to.equal(1)
    expect(agent.opencodePassword).to.equal(web.opencodePassword)
    const server = new URL(web.opencodeUrl ?? '')
    expect(services).to.have.property(server.hostname)
    expect(Number(server.port)).to.equal(agent.port)
    const database = new URL(web.databaseUrl)
    expect(services).to.have.property(database.hostname)
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } =
      services['database']?.environment ?? {}
    expect([database.username, database.password, database.pathname]).to.deep.equal([
      ...[POSTGRES_USER, POSTGRES_PASSWORD, `/${POSTGRES_DB}`],
    ])
    const shared = (name: string): readonly string[] => services[name]?.volumes ?? []
    for (const path of [web.workspace, web.filesDir]) {
      for (const name of ['web', 'worker']) {
        expect(
          shared(name).some((volume) => volume.endsWith(`:${path}`)),
          path,
        ).to.equal(true)
      }
    }
    expect(shared('agent').some((volume) => volume.endsWith(`:${agent.workspace}`))).to.equal(true)
  })

  it('names only variables, files, volumes and services that there are', () => {
    const known =
      read('src/settings.ts') + read('src/providers.ts', new URL('packages/wire/', root))
    for (const [name, service] of ours) {
      for (const variable of Object.keys(service.environment ?? {})) {
        const isKnown =
          known.includes(`'${variable}'`) || read('README.md').includes(`\`${variable}\``)
        expect(isKnown, `${name}: ${variable}`).to.equal(true)
      }
      expect(exists(`${service.build?.context}/${service.build?.dockerfile}`), name).to.equal(true)
    }
    for (const [name, { volumes = [], depends_on: before = {} }] of Object.entries(services)) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        const isThere = source.startsWith('.')
          ? exists(source)
          : Object.hasOwn(compose.volumes, source)
        expect(isThere, `${name}: ${volume}`).to.equal(true)
      }
      for (const other of Object.keys(before)) expect(services, name).to.have.property(other)
    }
  })

  it('asks the port of each process for its health, by a command that runs', () => {
    for (const name of ['web', 'worker']) {
      const [kind, command, flag, code = ''] = services[name]?.healthcheck?.test ?? []
      expect([kind, command, flag]).to.deep.equal(['CMD', 'node', '-e'])
      expect(code).to.contain(`:${settingsOf(name).port}/health`)
      // Nothing listens at port 1.
      const there = spawnSync(process.execPath, ['-e', code.replace(/:\d+\/health/, ':1/health')])
      expect(there.status).to.equal(1)
    }
  })

  it('has nginx before the web processes', () => {
    const upstream = /server (\w+):(\d+)/.exec(read('deploy/nginx.conf'))
    expect(upstream?.slice(1)).to.deep.equal(['web', String(settingsOf('web').port)])
    const tls = /server (\w+):(\d+)/.exec(read('deploy/nginx-tls.conf'))
    expect(tls?.slice(1)).to.deep.equal(upstream?.slice(1))
    expect(read('deploy/Caddyfile')).to.contain(
      `to web-1:${settingsOf('web').port} web-2:${settingsOf('web').port}`,
    )
  })
})

/** What the image sets for every role. */
function dockerEnv(): NodeJS.ProcessEnv {
  const [, pairs = ''] = /^ENV (.*)$/m.exec(read('Dockerfile')) ?? []
  return Object.fromEntries(pairs.split(' ').map((pair) => pair.split('=')))
}

describe('the Dockerfile of the chat', () => {
  it('runs scripts and a file that there are', () => {
    const text = read('Dockerfile')
    const { scripts } = JSON.parse(read('package.json', root)) as {
      scripts: Record<string, string>
    }
    for (const [, script = ''] of text.matchAll(/npm run -s ([\w:]+)/g)) {
      expect(scripts).to.have.property(script)
    }
    const [, command = '[]'] = /^CMD (.*)$/m.exec(text) ?? []
    const [program, file = ''] = JSON.parse(command) as string[]
    expect(program).to.equal('node')
    // What the build makes of it.
    expect(exists(file.replace('/dist/', '/src/').replace(/\.js$/, '.ts'), root)).to.equal(true)
    expect(dockerEnv()).to.include({ HOST: '0.0.0.0', CHAT_DATA: '/data' })
  })

  it('takes along no modules, builds and data of the machine that builds it', () => {
    const ignored = read('Dockerfile.dockerignore').trim().split('\n')
    expect(ignored).to.include.members(['**/node_modules', '**/dist', '.git', 'examples/*/data'])
  })
})

describe('npm start at the root', () => {
  it('says why when packages cannot be had, however silent its steps are', async () => {
    const { scripts } = JSON.parse(read('package.json', root)) as {
      scripts: Record<string, string>
    }
    const folder = await mkdtemp(join(tmpdir(), 'turnstead-setup-'))
    await writeFile(join(folder, 'package.json'), JSON.stringify({ scripts }))
    const ran = spawnSync('npm', ['run', '-s', 'setup'], {
      cwd: folder,
      encoding: 'utf8',
      // Nothing listens at port 1, and nothing is known from before.
      env: {
        ...process.env,
        npm_config_registry: 'http://127.0.0.1:1',
        npm_config_fetch_retries: '0',
        npm_config_cache: join(folder, 'cache'),
      },
    })
    await rm(folder, { recursive: true })
    expect(ran.status).to.not.equal(0)
    expect(ran.stdout + ran.stderr).to.contain('ECONNREFUSED')
  })
})

describe('docs/deploy.md and the README of the chat', () => {
  const pages = { deploy: read('docs/deploy.md', root), readme: read('README.md') }
  const settings = read('src/settings.ts')

  it('name each variable that the program reads, and no other', () => {
    const names = [...settings.matchAll(/env\['(\w+)'\]/g)].map(([, name = '']) => name)
    expect(names).to.have.length.above(15)
    for (const name of names) expect(pages.readme, name).to.contain(`\`${name}\``)
    for (const [page, text] of Object.entries(pages)) {
      for (const [name] of text.matchAll(/\b(?:CHAT|OPENCODE)_[A-Z_]+\b/g)) {
        const isKnown = names.includes(name) || name === 'OPENCODE_BINARY'
        expect(isKnown, `${page}: ${name}`).to.equal(true)
      }
    }
  })

  it('name each role, with commands that the settings take', () => {
    const exported = [...pages.deploy.matchAll(/^ {4}export (.*)$/gm)].map(([, line = '']) => line)
    const lines = [...pages.deploy.matchAll(/^ {4}((?:\w+=\S+ )+)node (\S+)$/gm)]
    const roles = lines.map(([, variables = '', file = '']) => {
      expect(file).to.equal('examples/chat/dist/main.js')
      const pairs = `${exported.join(' ')} ${variables}`.trim().split(' ')
      return readSettings(Object.fromEntries(pairs.map((pair) => pair.split('=')))).role
    })
    expect(roles).to.deep.equal(['agent', 'worker', 'worker', 'web', 'web'])
  })
})

describe('the Caddyfile of the chat', () => {
  it('is one that Caddy takes', function () {
    if (spawnSync('caddy', ['version']).status !== 0) {
      console.warn('SKIPPED: the Caddyfile of examples/chat (no caddy on this machine)')
      return this.skip()
    }
    const file = fileURLToPath(new URL('deploy/Caddyfile', folder))
    const checked = spawnSync('caddy', ['validate', '--adapter', 'caddyfile', '--config', file])
    expect(checked.status, String(checked.stderr)).to.equal(0)
  })
})
