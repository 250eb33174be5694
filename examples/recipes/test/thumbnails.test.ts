import { createMessageArtifacts } from '@turnstead/artifacts'
import { createMemoryStore } from '@turnstead/artifacts/memory'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const title = 'thumbnails'
const loaded = await load()

/** The library is a binary for a platform; it is not there on every one. */
async function load() {
  try {
    const { thumbnails } = await import('../src/transforms/thumbnails.js')
    return { thumbnails, sharp: (await import('sharp')).default }
  } catch (error) {
    console.warn(`Skipped: ${title}: sharp does not load on this machine: ${String(error)}`)
    return null
  }
}

if (loaded === null) {
  it(`${title} (skipped: sharp does not load here)`)
} else {
  const { sharp, thumbnails } = loaded
  describe(title, () => {
    it('are made of pictures, and of nothing that only is called one', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'turnstead-thumbnails-'))
      try {
        const background = { r: 200, g: 0, b: 0 }
        const picture = sharp({ create: { width: 900, height: 300, channels: 3, background } })
        await picture.png().toFile(join(directory, 'chart.png'))
        const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
        await writeFile(join(directory, 'drawing.png'), svg)
        await writeFile(join(directory, 'a.txt'), 'a')
        const store = createMemoryStore()
        const artifacts = createMessageArtifacts({ store, directory, transforms: [thumbnails(90)] })
        const tools = ['chart.png', 'drawing.png', 'a.txt', 'chart.png.THUMB.webp'].map(
          (filePath) => ({ tool: 'write', status: 'completed', input: { filePath, content: '' } }),
        )
        const { kept, dropped } = await artifacts.collect({ turnId: 1, tools })
        expect(kept.map(({ path, trusted }) => [path, trusted])).to.deep.equal([
          ['chart.png', false],
          ['drawing.png', false],
          ['a.txt', false],
          ['chart.png.thumb.webp', true],
        ])
        expect(dropped.map(({ path, reason }) => [path, reason])).to.deep.equal([
          ['chart.png.THUMB.webp', 'reserved_name'],
          ['drawing.png.thumb.webp', 'transform_failed'],
        ])
        const made = kept.at(-1)
        const stored = made === undefined ? null : await store.get(made.key)
        const bytes = Buffer.concat((await stored?.body.toArray()) ?? [])
        expect(await sharp(bytes).metadata()).to.include({ format: 'webp', width: 90, height: 30 })
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  })
}
