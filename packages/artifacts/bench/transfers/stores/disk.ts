import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { createDiskStore } from '../../../src/disk.js'
import type { Setting, Subject } from '../subject.js'

/** The peer syncs its file, too: without that the figure would be one of what the disk has still to do. */
export async function openSubject({ folder }: Setting): Promise<Subject> {
  const peers = join(folder, 'peers')
  await mkdir(peers)
  return {
    store: createDiskStore({ root: join(folder, 'store') }),
    peer: {
      upload: (name, source, digest) =>
        pipeline(source, digest, createWriteStream(join(peers, name), { flush: true })),
      download: async (name) => createReadStream(join(peers, name)),
      isChecked: false,
      remove: (name) => unlink(join(peers, name)),
    },
    close: async () => {},
  }
}
