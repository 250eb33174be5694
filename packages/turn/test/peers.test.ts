import { execFile } from 'node:child_process'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { assertPeersFit } from '../src/run/peers.js'
import { version } from '../src/version.js'

/** Loads turn in a process where wire says that it is of this version; gives what the process wrote to stderr. */
async function loadWith(wireVersion: string): Promise<string> {
  const source = `export const version = '${wireVersion}'`
  const hook = `export const load = (url, context, next) => url.includes('/wire/src/version.ts')
    ? { format: 'module', source: ${JSON.stringify(source)}, shortCircuit: true } : next(url, context)`
  const script = `import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
    await import('@turnstead/turn')`
  const flags = ['--conditions=@turnstead/source', '--import=tsx', '--input-type=module']
  return await new Promise((resolve) => {
    const options = { cwd: new URL('..', import.meta.url) }
    execFile(process.execPath, [...flags, '--eval', script], options, (_error, _out, stderr) =>
      resolve(stderr),
    )
  })
}

describe('the versions of the packages', () => {
  const cases = [
    { turn: '0.1.0', wire: '0.1.9', fit: true },
    { turn: '0.1.0', wire: '0.1.0-next.1', fit: true },
    { turn: '0.1.0', wire: '0.2.0', fit: false },
    { turn: '0.10.0', wire: '0.1.0', fit: false },
    { turn: '1.0.0', wire: '1.9.3', fit: true },
    { turn: '1.0.0', wire: '0.1.0', fit: false },
    { turn: '2.1.0', wire: '1.1.0', fit: false },
  ]
  for (const { turn, wire, fit } of cases) {
    it(`${fit ? 'fit' : 'do not fit'} when turn is ${turn} and wire ${wire}`, () => {
      const check = (): void => assertPeersFit({ '@turnstead/wire': wire }, turn)
      if (fit) expect(check).to.not.throw()
      else
        expect(check).to.throw(
          RangeError,
          `turn ${turn} does not work with @turnstead/wire ${wire}`,
        )
    })
  }

  it('are compared when turn is loaded, with a sentence that says what to do', async () => {
    expect(await loadWith(version)).to.equal('')
    const complaint = await loadWith('99.7.0')
    expect(complaint).to.include(`turn ${version} does not work with @turnstead/wire 99.7.0`)
    expect(complaint).to.include(
      `npm install @turnstead/turn@${version} @turnstead/wire@${version}`,
    )
  })
})
