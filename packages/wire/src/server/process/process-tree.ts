import { readdirSync, readFileSync } from 'node:fs'

/** Name of the environment variable by which everything that a server started is recognised. */
export const markerName = 'TURNSTEAD_PROCESS_MARK'

/**
 * Signals a server and everything it started. The process group is not enough: the agent's
 * shell puts each command into a session of its own, out of the group's reach (measured), but such a
 * command still carries the mark in its environment. Where there is no `/proc` only the group is reached.
 */
export function signalTree(pid: number, mark: string, signal: NodeJS.Signals): void {
  sendToGroup(pid, signal)
  for (const marked of markedProcesses(mark)) send(marked, signal)
}

/** SIGKILL for all of them, looking again because one of them may just be starting another. */
export function killTree(pid: number, mark: string): void {
  sendToGroup(pid, 'SIGKILL')
  for (let round = 0; round < maxRounds; round += 1) {
    const marked = markedProcesses(mark)
    if (marked.length === 0) return
    for (const one of marked) send(one, 'SIGKILL')
  }
}

/** The ids of the living processes that carry the mark; empty where there is no `/proc`. */
export function markedProcesses(mark: string): number[] {
  const needle = `${markerName}=${mark}\0`
  return processIds().filter((pid) => environmentOf(pid).includes(needle))
}

const maxRounds = 10

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** Empty for the processes of other users, for zombies and for those that just ended. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

/** 0 and -1 would mean this process' own group, and every process there is. */
function sendToGroup(pid: number, signal: NodeJS.Signals): void {
  if (Number.isSafeInteger(pid) && pid > 1) send(-pid, signal)
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already, or belongs to somebody else: either way not ours to stop.
  }
}
