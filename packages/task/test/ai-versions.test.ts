import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, it } from 'mocha'
import type { Chat } from './support/typed-chat.js'

/** A chat that is compiled with each of them; as a type, so that this file is compiled with it, too. */
const compiled: Chat['file'] = '../support/typed-chat.ts'
const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))

describe('the types of the package', () => {
  for (const alias of ['ai-v5', 'ai-v7']) {
    it(`fit those of ${alias}, as they fit those of the version that it is built with`, async () => {
      // Below the package, so that its imports resolve.
      const folder = mkdtempSync(fileURLToPath(new URL('.types-', import.meta.url)))
      try {
        const config = {
          extends: '../../tsconfig.json',
          compilerOptions: { paths: { ai: [`../../node_modules/${alias}`] } },
          include: ['../../src', compiled],
        }
        const path = join(folder, 'tsconfig.json')
        writeFileSync(path, JSON.stringify(config))
        await run(join(root, 'node_modules/.bin/tsc'), ['-p', path, '--pretty', 'false'])
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    })
  }
})
