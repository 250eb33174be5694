import type { Change, Reply } from '@turnstead/reply'

/** Up to where a reply is known: which claim wrote it, to which prompt, and its revision. */
export interface Position {
  readonly fence: number
  readonly promptId: string
  readonly revision: number
}

/** What the worker of a turn tells those who watch it. */
export type LiveMessage =
  /** A worker has taken the turn: ask it for the state. */
  | { readonly type: 'began'; readonly fence: number }
  /** What happened after one revision up to another, merged. */
  | {
      readonly type: 'changes'
      readonly from: Position
      readonly to: number
      readonly changes: readonly Change[]
    }
  /** All of it, as JSON for `parseReply`. */
  | { readonly type: 'state'; readonly fence: number; readonly reply: unknown }

/** That someone watches a turn, and up to where it is known there; null asks for the state. */
export interface WatchMessage {
  readonly at: Position | null
}

const version = 1

export function writeWatch(at: Position | null): string {
  return JSON.stringify({ v: version, at })
}

/** What is no watch of ours asks for the state: that is right for everyone. */
export function readWatch(text: string | null): WatchMessage {
  try {
    const { v, at } = JSON.parse(text ?? '') as { readonly v?: unknown } & WatchMessage
    const isWhole = v === version && typeof at === 'object' && Number.isFinite(at?.revision)
    return { at: isWhole ? at : null }
  } catch {
    return { at: null }
  }
}

export function writeMessage(message: Exclude<LiveMessage, { type: 'state' }>): string {
  return JSON.stringify({ v: version, ...message })
}

/** A reply has its JSON at hand as text, so it is not made from values again. */
export function writeState(fence: number, reply: Reply): string {
  return `{"v":${version},"type":"state","fence":${fence},"reply":${JSON.stringify(reply)}}`
}

/** Null for what another version, or someone else, wrote. */
export function readMessage(text: string): LiveMessage | null {
  try {
    const message = JSON.parse(text) as { readonly v?: unknown } & LiveMessage
    if (message.v !== version) return null
    return isWhole(message) ? message : null
  } catch {
    return null
  }
}

function isWhole(message: LiveMessage): boolean {
  switch (message.type) {
    case 'began':
      return Number.isFinite(message.fence)
    case 'state':
      return Number.isFinite(message.fence) && typeof message.reply === 'object'
    case 'changes':
      return (
        typeof message.from === 'object' &&
        Number.isFinite(message.to) &&
        Array.isArray(message.changes)
      )
    default:
      return false
  }
}
