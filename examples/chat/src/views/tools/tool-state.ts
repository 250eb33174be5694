import type { ToolPart } from '@turnstead/reply'
import { describeTool } from '@turnstead/reply/tool-display'
import { html, type Html } from '@turnstead/reply/turbo'
import { icon } from '../atoms/icons.js'

/** How a call stands, in the reader's words. */
export type ToolState =
  | 'starting'
  | 'asking'
  | 'running'
  | 'done'
  | 'failed'
  | 'rejected'
  | 'stopped'
  | 'cut off'
  | 'exit'

/** OpenCode calls a command done that was stopped or took too long: only its exit code is missing. */
export function stateOf(part: ToolPart): ToolState {
  const { shell } = describeTool(part)
  if (part.asks.some(({ state }) => state === 'open')) return 'asking'
  switch (part.status) {
    case 'pending':
      return 'starting'
    case 'running':
      return 'running'
    case 'interrupted':
      return 'cut off'
    case 'error':
      if (wasRejected(part)) return 'rejected'
      return part.metadata?.['interrupted'] === true ? 'stopped' : 'failed'
    case 'completed':
      if (shell === null) return 'done'
      if (shell.exit === null)
        return part.metadata !== null && 'exit' in part.metadata ? 'stopped' : wasStopped(part)
      return shell.exit === 0 ? 'done' : 'exit'
  }
}

/** What the reader decided is no failure. */
export function wasRejected({ asks, status }: ToolPart): boolean {
  return status === 'error' && asks.some(({ state }) => state === 'rejected')
}

function wasStopped({ output }: ToolPart): ToolState {
  return /<(?:shell|bash)_metadata>\n(?:User aborted|shell tool terminated)/.test(output ?? '')
    ? 'stopped'
    : 'done'
}

const states: Readonly<Record<ToolState, Html>> = {
  starting: html`<span class="state"><i class="spinner"></i> Starting</span>`,
  asking: html`<span class="state" data-state="asks">${icon('question')} Waiting for you</span>`,
  running: html`<span class="state"><i class="spinner"></i> Running</span>`,
  done: html`<span class="state" data-state="ok">${icon('check')} <span class="visually-hidden">Done</span></span>`,
  exit: html`<span class="state" data-state="bad">${icon('cross')} Failed</span>`,
  failed: html`<span class="state" data-state="bad">${icon('cross')} Failed</span>`,
  rejected: html`<span class="state">${icon('cross')} Rejected</span>`,
  stopped: html`<span class="state">${icon('square')} Stopped</span>`,
  'cut off': html`<span class="state" data-state="bad">${icon('cross')} Cut off</span>`,
}

export function toolState(state: ToolState): Html {
  return states[state]
}
