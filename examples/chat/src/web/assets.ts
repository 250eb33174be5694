import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { Router } from 'express'

/** Style, script and type faces: from this package and, as they were published, from its dependencies. */
export function createAssets(): Router {
  const router = Router()
  router.use('/turbo', serve(folderOf('@hotwired/turbo')))
  router.use('/inter', serve(folderOf('@fontsource-variable/inter')))
  router.use('/newsreader', serve(folderOf('@fontsource-variable/newsreader')))
  router.use(serve(fileURLToPath(new URL('../../public', import.meta.url)), { maxAge: 0 }))
  return router
}

function serve(folder: string, { maxAge = '1d' as number | string } = {}): express.Handler {
  return express.static(folder, { index: false, fallthrough: false, maxAge })
}

/** The folder of a package's main file. */
function folderOf(packageName: string): string {
  return dirname(createRequire(import.meta.url).resolve(packageName))
}
