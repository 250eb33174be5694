import fc from 'fast-check'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { readLines } from '../../src/cli/lines.js'

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function read(text: string, size: number, limit = 1000): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(cut(Buffer.from(text), size), limit)) lines.push(line)
  return lines
}

describe('readLines', () => {
  it('gives the same lines wherever the bytes are cut', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '\u{1F600}', '\u2028', '"') })
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 9 }), async (lines, size) => {
        const wanted = lines.map((one) => one.trim()).filter((one) => one !== '')
        expect(await read(lines.join('\n'), size)).to.deep.equal(wanted)
        expect(await read(`${lines.join('\r\n')}\r\n`, size)).to.deep.equal(wanted)
      }),
    )
  })

  it('refuses a line without an end instead of growing', async () => {
    const error: unknown = await read('x'.repeat(1001), 10).catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'frame_too_large' })
    expect(await read('x'.repeat(1000), 10)).to.have.lengthOf(1)
  })
})
