import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { markedProcesses } from './process-tree.js'

/** Resident memory of a server and of everything it started, in bytes; null when it cannot be told. */
export function residentBytes(pid: number, mark: string): number | null {
  if (process.platform !== 'linux') return posixResidentBytes(pid)
  const all = new Set([pid, ...markedProcesses(mark)])
  const sizes = [...all].map(linuxResidentBytes).filter((size) => size !== null)
  return sizes.length === 0 ? null : sizes.reduce((sum, size) => sum + size, 0)
}

function linuxResidentBytes(pid: number): number | null {
  try {
    const size = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return size === undefined ? null : Number(size) * 1024
  } catch {
    return null
  }
}

/** The server alone: without `/proc` there is no telling what else belongs to it. */
function posixResidentBytes(pid: number): number | null {
  try {
    const size = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number(size) * 1024
  } catch {
    return null
  }
}
