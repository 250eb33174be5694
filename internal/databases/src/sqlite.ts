import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openConnections } from './connections.js'
import type { DatabaseKind } from './kind.js'
import { createSqliteKnex } from './libsql-dialect.js'

const folders = new Set<string>()

// A failed test may never close its database.
process.once('exit', () => folders.forEach(remove))

/** SQLite over libsql, a file in its own temporary folder. */
export const sqlite: DatabaseKind = {
  name: 'sqlite',
  skip: null,
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'turnstead-sqlite-'))
    const filename = join(folder, 'test.sqlite')
    const database = openConnections({
      name: 'sqlite',
      url: pathToFileURL(filename).href,
      connect: () => createSqliteKnex(filename),
      drop: async () => undefined,
    })
    folders.add(folder)
    return {
      ...database,
      close: async () => {
        await database.close()
        remove(folder)
      },
    }
  },
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}
