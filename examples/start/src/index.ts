/** What the example applications share. Copy what you need. */
export { startAgentServer, type AgentServerOptions } from './agent-server.js'
export { chooseModel, type ChosenModel, type ModelOptions } from './choose-model.js'
export { isLoopback, listen, type HttpListener, type ListenOptions } from './http-listener.js'
export { lineOf, logError } from './log.js'
export { knownHostsOnly, type PublicAddress, sameOriginOnly, securityHeaders } from './security.js'
export { placeQuestion } from './place-question.js'
export { StartError } from './start-error.js'
