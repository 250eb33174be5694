import { spawn } from 'node:child_process'

/** The server's processes carry it, also those that its shell put into groups of their own. */
export const markName = 'TURNSTEAD_TESTKIT_MARK'

/** Cleans up after a server whose test process is gone. */
export interface OrphanWatch {
  /** The server has ended in the presence of its test process, which keeps its folders. */
  release(): void
}

/**
 * `read` returns when the other end of our standard input is closed. The kernel does that however the test process ends,
 * also by SIGKILL, and a signal from the terminal does not reach this process, which has a group of its own.
 */
const script = `
read -r word
kill -KILL -- "-$1" 2>/dev/null
for environment in $(grep -lszxF -- "$2" /proc/[0-9]*/environ); do
  process=\${environment#/proc/}
  kill -KILL "\${process%/environ}" 2>/dev/null
done
if [ "$word" != keep ] && [ -n "$3" ]; then rm -rf -- "$3" || { sleep 1; rm -rf -- "$3"; }; fi
`

/** Starts a small shell that waits for the end of this process. */
export function watchOrphan(options: {
  readonly pid: number
  readonly mark: string
  /** Folder that goes with the server; null when it is to stay. */
  readonly temporary: string | null
}): OrphanWatch {
  if (process.platform === 'win32') return { release: () => {} }
  const { pid, mark, temporary } = options
  const watcher = spawn(
    '/bin/sh',
    ['-c', script, 'turnstead-testkit', String(pid), `${markName}=${mark}`, temporary ?? ''],
    { detached: true, stdio: ['pipe', 'ignore', 'ignore'], env: { PATH: '/usr/bin:/bin' } },
  )
  // Without a shell there is no watch, and nothing else is lost.
  watcher.on('error', () => {})
  watcher.stdin.on('error', () => {})
  watcher.unref()
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return { release: () => void watcher.stdin.end('keep\n') }
}
