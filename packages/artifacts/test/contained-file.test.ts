import { expect } from 'chai'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { link, mkdir, readdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { openContainedFile } from '../src/directory/contained-file.js'
import { nodeFileSystem } from '../src/directory/file-system.js'
import { swappingFileSystem, type Swap } from './support/swapping-file-system.js'
import { makeTempDir } from './support/temp-dir.js'
import { dropOf } from './support/thrown.js'

const run = promisify(execFile)

describe('openContainedFile', () => {
  let temp: string
  let root: string
  let outside: string
  let remove: () => Promise<void>

  beforeEach(async () => {
    const made = await makeTempDir()
    temp = made.path
    remove = made.remove
    await build()
  })

  afterEach(async () => remove())

  async function build(): Promise<void> {
    root = join(temp, 'agent')
    outside = join(temp, 'agent-2')
    await rm(root, { recursive: true, force: true })
    await rm(outside, { recursive: true, force: true })
    await rm(join(temp, 'moved'), { recursive: true, force: true })
    await mkdir(join(root, 'sub'), { recursive: true })
    await mkdir(outside)
    await writeFile(join(root, 'a.txt'), 'inside')
    await writeFile(join(root, 'sub/a.txt'), 'inside')
    await writeFile(join(outside, 'a.txt'), 'secret')
  }

  async function read(path: string, swaps: readonly Swap[], canAnchor: boolean): Promise<string> {
    const fileSystem = swappingFileSystem(swaps, { canAnchor })
    const handle = await openContainedFile({ fileSystem, root, path })
    try {
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  }

  /** The reasons with and without descriptors that anchor paths; the tree is rebuilt in between. */
  async function reasons(path: string, swaps: () => readonly Swap[]): Promise<unknown[]> {
    const anchored = await dropOf(read(path, swaps(), true))
    await build()
    return [anchored, await dropOf(read(path, swaps(), false))]
  }

  const beforeOpening = (run_: () => Promise<void>): Swap => ({
    before: 'open',
    path: '/a.txt',
    run: run_,
  })

  it('opens a regular file, in any folder', async () => {
    expect(await read('a.txt', [], true)).to.equal('inside')
    expect(await read('sub/a.txt', [], true)).to.equal('inside')
    expect(await read('sub/a.txt', [], false)).to.equal('inside')
  })

  it('refuses a symbolic link, wherever it leads', async () => {
    await symlink(join(outside, 'a.txt'), join(root, 'out'))
    await symlink('a.txt', join(root, 'in'))
    await symlink('nowhere', join(root, 'dangling'))
    expect(await dropOf(read('dangling', [], true))).to.equal('missing')
    for (const path of ['out', 'in']) {
      expect(await dropOf(read(path, [], true)), path).to.equal('symlink')
      expect(await dropOf(read(path, [], false)), path).to.equal('symlink')
    }
  })

  it('refuses a folder on the way that is a symbolic link', async () => {
    await symlink(outside, join(root, 'out'))
    await symlink('sub', join(root, 'in'))
    expect(await dropOf(read('out/a.txt', [], true))).to.equal('symlink')
    expect(await dropOf(read('in/a.txt', [], false))).to.equal('symlink')
  })

  it('refuses a hard link', async () => {
    await link(join(outside, 'a.txt'), join(root, 'linked'))
    expect(await dropOf(read('linked', [], true))).to.equal('hard_link')
  })

  it('refuses a folder, a pipe, a socket and a device without waiting for anything', async () => {
    await run('mkfifo', [join(root, 'pipe')])
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
    for (const path of ['sub', 'pipe', 'socket']) {
      expect(await dropOf(read(path, [], true)), path).to.equal('not_a_file')
    }
    await new Promise((resolve) => server.close(resolve))
    const devices = openContainedFile({
      fileSystem: swappingFileSystem([], { canAnchor: true }),
      root: '/dev',
      path: 'null',
    })
    expect(await dropOf(devices)).to.equal('not_a_file')
  })

  it('refuses a link that is put in place of the file after the check', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => {
        await unlink(join(root, 'a.txt'))
        await symlink(join(outside, 'a.txt'), join(root, 'a.txt'))
      }),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['replaced', 'replaced'])
  })

  it('refuses a hard link that is put in place of the file after the check', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => {
        await unlink(join(root, 'a.txt'))
        await link(join(outside, 'a.txt'), join(root, 'a.txt'))
      }),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['hard_link', 'hard_link'])
  })

  it('refuses a file that gets a second name after the check', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => link(join(root, 'a.txt'), join(root, 'second'))),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['hard_link', 'hard_link'])
  })

  it('refuses another file that is moved in place of the file after the check', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => rename(join(outside, 'a.txt'), join(root, 'a.txt'))),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['replaced', 'replaced'])
  })

  it('refuses a pipe that is put in place of the file after the check, and does not hang', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => {
        await unlink(join(root, 'a.txt'))
        await run('mkfifo', [join(root, 'a.txt')])
      }),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['not_a_file', 'not_a_file'])
  })

  it('refuses a folder that is put in place of the file after the check', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => {
        await unlink(join(root, 'a.txt'))
        await mkdir(join(root, 'a.txt'))
      }),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['not_a_file', 'not_a_file'])
  })

  it('refuses a file that is removed after the check', async () => {
    const swaps = (): Swap[] => [beforeOpening(async () => unlink(join(root, 'a.txt')))]
    const [anchored, plain] = await reasons('a.txt', swaps)
    expect(anchored).to.have.property('code', 'ENOENT')
    expect(plain).to.have.property('code', 'ENOENT')
  })

  it('refuses a link that is put in place of a folder on the way after its check', async () => {
    const swaps = (): Swap[] => [
      {
        before: 'open',
        path: '/sub',
        run: async () => {
          await rename(join(root, 'sub'), join(temp, 'moved'))
          await symlink(outside, join(root, 'sub'))
        },
      },
    ]
    expect(await reasons('sub/a.txt', swaps)).to.deep.equal(['replaced', 'replaced'])
  })

  it('refuses a link that is put in place of a folder on the way after it was opened', async () => {
    const swaps = (): Swap[] => [
      {
        ...beforeOpening(async () => {
          await rename(join(root, 'sub'), join(temp, 'moved'))
          await symlink(outside, join(root, 'sub'))
        }),
      },
    ]
    expect(await reasons('sub/a.txt', swaps)).to.deep.equal(['symlink', 'replaced'])
  })

  it('reads the inside file when folders are swapped and swapped back around every check', async function () {
    if ((await readdir('/proc/self/fd').catch(() => [])).length === 0) {
      console.warn('Skipped: without /proc/self/fd no descriptor can anchor a path.')
      this.skip()
    }
    const swapOut = async (): Promise<void> => {
      await rename(join(root, 'sub'), join(temp, 'moved'))
      await symlink(outside, join(root, 'sub'))
    }
    const swapBack = async (): Promise<void> => {
      await unlink(join(root, 'sub'))
      await rename(join(temp, 'moved'), join(root, 'sub'))
    }
    const swaps: Swap[] = [
      { before: 'lstat', path: '/a.txt', run: swapOut },
      { before: 'open', path: '/a.txt', run: async () => {} },
      { before: 'realpath', path: '/a.txt', nth: 2, run: swapBack },
    ]
    expect(await read('sub/a.txt', swaps, true)).to.equal('inside')
  })

  it('refuses a root that is a link, or becomes one after its check', async () => {
    await symlink(root, join(temp, 'link'))
    const fileSystem = swappingFileSystem([], { canAnchor: true })
    const linked = openContainedFile({ fileSystem, root: join(temp, 'link'), path: 'a.txt' })
    expect(await dropOf(linked)).to.equal('unsafe_directory')
    const swaps = (): Swap[] => [
      {
        before: 'open',
        path: '/agent',
        run: async () => {
          await rename(root, join(temp, 'moved'))
          await symlink(outside, root)
        },
      },
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['replaced', 'replaced'])
  })

  it('refuses a root that is moved away while the file is opened', async () => {
    const swaps = (): Swap[] => [
      beforeOpening(async () => {
        await rename(root, join(temp, 'moved'))
        await symlink(outside, root)
      }),
    ]
    expect(await reasons('a.txt', swaps)).to.deep.equal(['symlink', 'replaced'])
  })

  it('leaves no descriptor open, however it ends', async function () {
    const open = await readdir('/proc/self/fd').catch(() => null)
    if (open === null) {
      console.warn('Skipped: this platform does not list open descriptors.')
      this.skip()
    }
    await symlink(outside, join(root, 'out'))
    for (let round = 0; round < 20; round += 1) {
      await read('sub/a.txt', [], true)
      await dropOf(read('out/a.txt', [], true))
      await dropOf(read('sub', [], true))
      await dropOf(read('sub/absent', [], true))
    }
    const later = await readdir('/proc/self/fd')
    expect(later.length).to.be.at.most(open.length + 2)
  })

  it('never opens for writing or creating', async () => {
    const seen: number[] = []
    const fileSystem = swappingFileSystem([], { canAnchor: true })
    const open: typeof fileSystem.open = async (path, flags) => {
      seen.push(flags)
      return fileSystem.open(path, flags)
    }
    const handle = await openContainedFile({
      fileSystem: { ...fileSystem, open },
      root,
      path: 'a.txt',
    })
    await handle.close()
    const { O_CREAT, O_WRONLY, O_RDWR, O_NOFOLLOW, O_NONBLOCK } = constants
    for (const flags of seen) {
      expect(flags & (O_CREAT | O_WRONLY | O_RDWR)).to.equal(0)
      expect(flags & O_NOFOLLOW && flags & O_NONBLOCK).to.not.equal(0)
    }
  })

  it('refuses what is mounted below the directory', async () => {
    const fileSystem = {
      ...nodeFileSystem,
      lstat: async (path: string) => {
        const info = await nodeFileSystem.lstat(path)
        if (path.endsWith('/sub')) info.dev += 1
        return info
      },
      open: async (path: string, flags: number) => {
        const handle = await nodeFileSystem.open(path, flags)
        if (!path.endsWith('/sub')) return handle
        const info = await handle.stat()
        info.dev += 1
        return Object.assign(handle, { stat: async () => info })
      },
    }
    expect(await dropOf(openContainedFile({ fileSystem, root, path: 'sub/a.txt' }))).to.equal(
      'mounted',
    )
  })

  it('waits for no writer that holds a lease', async () => {
    const fileSystem = {
      ...nodeFileSystem,
      open: async (path: string, flags: number) => {
        if (path.endsWith('a.txt')) throw Object.assign(new Error('leased'), { code: 'EAGAIN' })
        return nodeFileSystem.open(path, flags)
      },
    }
    expect(await dropOf(openContainedFile({ fileSystem, root, path: 'a.txt' }))).to.equal(
      'changing',
    )
  })
})
