import { ok, plainBadRequest, type Call, type Outcome } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'
import { asRecord, type Json } from '../state/records.js'
import { sessionNamed } from './session-routes.js'

/** How long a toast is shown that does not say so. */
const toastMs = 5000

/** The older names of commands. */
const commands: Readonly<Record<string, string>> = {
  session_new: 'session.new',
  session_share: 'session.share',
  session_interrupt: 'session.interrupt',
  session_compact: 'session.compact',
  messages_page_up: 'session.page.up',
  messages_page_down: 'session.page.down',
  messages_line_up: 'session.line.up',
  messages_line_down: 'session.line.down',
  messages_half_page_up: 'session.half.page.up',
  messages_half_page_down: 'session.half.page.down',
  messages_first: 'session.first',
  messages_last: 'session.last',
  agent_cycle: 'agent.cycle',
}

function tell({ directory, world }: Call, type: string, properties: Json): Outcome {
  world.bus.publish(directory, type, properties)
  return ok(true)
}

const execute =
  (command: string) =>
  (call: Call): Outcome =>
    tell(call, 'tui.command.execute', { command })

const toast = (body: Json): Json => ({ ...body, duration: body['duration'] ?? toastMs })

function select(call: Call, body: Json): Outcome {
  const sessionID = String(body['sessionID'])
  if (!sessionID.startsWith('ses')) throw plainBadRequest()
  sessionNamed(call.world, sessionID)
  return tell(call, 'tui.session.select', { sessionID })
}

/** Endpoints by which an editor steers a terminal interface: what is told is an event for whoever listens. */
export const tuiRoutes: readonly Route[] = toRoutes({
  'POST /tui/append-prompt': (call) => tell(call, 'tui.prompt.append', call.body),
  'POST /tui/open-help': execute('help.show'),
  'POST /tui/open-sessions': execute('session.list'),
  // The server opens the sessions here, too.
  'POST /tui/open-themes': execute('session.list'),
  'POST /tui/open-models': execute('model.list'),
  'POST /tui/submit-prompt': execute('prompt.submit'),
  'POST /tui/clear-prompt': execute('prompt.clear'),
  'POST /tui/execute-command': (call) => {
    const command = commands[String(call.body['command'])]
    return tell(call, 'tui.command.execute', command === undefined ? {} : { command })
  },
  'POST /tui/show-toast': (call) => tell(call, 'tui.toast.show', toast(call.body)),
  'POST /tui/publish': (call) => {
    const type = String(call.body['type'])
    const properties = asRecord(call.body['properties']) ?? {}
    return tell(call, type, type === 'tui.toast.show' ? toast(properties) : properties)
  },
  'POST /tui/select-session': (call) => select(call, call.body),
  'POST /tui/control/response': () => ok(true),
})
