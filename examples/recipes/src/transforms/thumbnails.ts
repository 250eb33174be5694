import { namedBySuffix, type Transform } from '@turnstead/artifacts'
import sharp from 'sharp'

// What a picture is called says nothing about what it is: only these decoders may run, in the whole process.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp'].map((format) => `VipsForeignLoad${format}Buffer`),
})

/** Small pictures of the agent's pictures: `chart.png` gets `chart.png.thumb.webp`, at most `size` pixels wide and high. */
export function thumbnails(size = 320): Transform {
  return {
    name: 'thumbnail',
    maxSourceBytes: 10_485_760,
    ...namedBySuffix({ from: ['.png', '.jpg', '.jpeg', '.webp'], add: '.thumb.webp' }),
    render: async ({ bytes, isCut }) => {
      if (isCut) throw new RangeError('The picture is larger than a thumbnail is made of.')
      return await sharp(bytes, { limitInputPixels: 40_000_000, failOn: 'error' })
        .timeout({ seconds: 10 })
        .autoOrient()
        .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true })
        .webp()
        .toBuffer()
    },
  }
}
