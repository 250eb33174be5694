import { ok, Refusal, type Call } from '../http/outcome.js'
import { toRoutes, type Route } from '../http/router.js'

function noTerminal({ params }: Call): never {
  const { ptyID = '' } = params
  const message = `PTY session not found: ${ptyID}`
  throw new Refusal({ status: 404, json: { _tag: 'PtyNotFoundError', ptyID, message } })
}

function noServer({ params }: Call): never {
  const { name = '' } = params
  const message = `MCP server not found: ${name}`
  throw new Refusal({ status: 404, json: { _tag: 'McpServerNotFoundError', name, message } })
}

/** Endpoints of terminals and MCP servers, of which there are none. */
export const absentRoutes: readonly Route[] = toRoutes({
  'GET /pty': () => ok([]),
  'GET /pty/:ptyID': noTerminal,
  'PUT /pty/:ptyID': noTerminal,
  'DELETE /pty/:ptyID': noTerminal,
  'GET /mcp': () => ok({}),
  'POST /mcp/:name/connect': noServer,
  'POST /mcp/:name/disconnect': noServer,
  'POST /mcp/:name/auth': noServer,
  'DELETE /mcp/:name/auth': noServer,
  'POST /mcp/:name/auth/callback': noServer,
  'POST /mcp/:name/auth/authenticate': noServer,
})
