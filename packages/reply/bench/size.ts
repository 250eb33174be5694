import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { rounded } from './measure.js'
import type { Figure } from './measure.js'

/** Kilobytes of the root entry, minified and gzipped. */
export async function gzipSize(): Promise<readonly Figure[]> {
  const value = (await bundle('index')).length / 1024
  return [{ name: 'reply.size_gzip_kb', value: rounded(value, 2), unit: 'KB', better: 'lower' }]
}

/** An entry of this package as a browser would load it, gzipped. */
export async function bundle(entry: string): Promise<Buffer> {
  return gzipSync(await bundleText(entry), { level: 9 })
}

/** An entry of this package as one module for browsers. */
export async function bundleText(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
