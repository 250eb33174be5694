/**
 * What starts hosts anew, as systemd does with a socket: it has the socket, and accepts nothing on it. Each line of its input is the
 * job of a host, which gets the socket as descriptor 3; it says `exit` when that host has ended.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const file = fileURLToPath(new URL('host-process.ts', import.meta.url))
createInterface({ input: process.stdin }).on('line', (job) => {
  const host = spawn(
    process.execPath,
    ['--conditions=@turnstead/source', '--import=tsx', file, job],
    { stdio: ['ignore', 'inherit', 'inherit', 3] },
  )
  host.once('exit', (code, signal) => process.stdout.write(`exit ${signal ?? code}\n`))
})
