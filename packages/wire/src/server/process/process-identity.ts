import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'

/**
 * A text that names one process for good. A process id alone is given to a stranger later;
 * with the start time, the boot and the process namespace it is not. Null when there is no such process.
 */
export function processIdentity(pid: number): string | null {
  return process.platform === 'linux' ? linuxIdentity(pid) : posixIdentity(pid)
}

function linuxIdentity(pid: number): string | null {
  const fields = procStat(pid)
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null
  return `${bootId()}/${namespaceId()}/${pid}/${fields[19] ?? ''}`
}

/** The fields of `/proc/PID/stat` after the program's name, which may itself hold spaces and brackets. */
function procStat(pid: number): string[] | null {
  const text = readText(`/proc/${pid}/stat`)
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

function namespaceId(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function posixIdentity(pid: number): string | null {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      // Otherwise a host in another time zone or language reads another text for the same process.
      env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return started === '' ? null : `${pid}/${started}`
  } catch {
    return null
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
