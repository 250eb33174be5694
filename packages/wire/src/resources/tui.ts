import type { BodyFor, CallOptions } from '../operation-types.js'
import type { Request } from '../http/request.js'

/** Remote control of a terminal interface that is attached to the server. Each call is true also when none is. */
export interface TuiResource {
  /** Adds to the text in its prompt box. */
  appendPrompt(text: string, options?: CallOptions): Promise<boolean>
  /** Sends what is in its prompt box. */
  submitPrompt(options?: CallOptions): Promise<boolean>
  /** Empties its prompt box. */
  clearPrompt(options?: CallOptions): Promise<boolean>
  /** Shows a short message. */
  showToast(toast: BodyFor<'POST', '/tui/show-toast'>, options?: CallOptions): Promise<boolean>
  /** Runs one of its commands. */
  executeCommand(command: string, options?: CallOptions): Promise<boolean>
}

export function createTuiResource(request: Request): TuiResource {
  return {
    appendPrompt: (text, options) =>
      request('POST', '/tui/append-prompt', { ...options, body: { text } }),
    submitPrompt: (options) => request('POST', '/tui/submit-prompt', options),
    clearPrompt: (options) => request('POST', '/tui/clear-prompt', options),
    showToast: (body, options) => request('POST', '/tui/show-toast', { ...options, body }),
    executeCommand: (command, options) =>
      request('POST', '/tui/execute-command', { ...options, body: { command } }),
  }
}
