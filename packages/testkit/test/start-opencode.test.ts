import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'
import { describe, it } from 'mocha'

import { startOpencode } from '../src/opencode.js'

describe('startOpencode', () => {
  it('has ended the process when an aborted start fails', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'testkit-start-'))
    const [binary, note] = [join(folder, 'opencode'), join(folder, 'pid')]
    await writeFile(binary, `#!/bin/sh\necho $$ > ${note}\nexec sleep 30\n`, { mode: 0o700 })
    const stop = new AbortController()
    const { signal } = stop
    const starting = startOpencode({ model: 'http://127.0.0.1:1/v1', binary, signal })
    const failed = starting.catch((reason: unknown) => reason)
    let pid = 0
    for (const deadline = Date.now() + 5000; pid === 0 && Date.now() < deadline;) {
      pid = Number(await readFile(note, 'utf8').catch(() => '0'))
    }
    stop.abort('enough')
    expect(await failed).to.equal('enough')
    expect(pid).to.be.above(1)
    expect(() => process.kill(pid, 0)).to.throw('ESRCH')
    await rm(folder, { recursive: true })
  })
})
