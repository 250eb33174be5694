import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Bundles the page's script, which takes a moment: no build step of its own, and no server for it. */
export async function bundlePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../page/main.tsx', import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    // Beside packages that are not built, as in their tests.
    ...(import.meta.url.endsWith('.ts') ? { conditions: ['@turnstead/source'] } : {}),
    logLevel: 'silent',
  })
  const [script] = outputFiles
  if (script === undefined) throw new Error('The page has no script.')
  return script.text
}
