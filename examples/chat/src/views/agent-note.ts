import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { AgentState, ModelInfo } from '../agent/state.js'

/** Which model answers, and how its server is. */
export interface AgentNote {
  readonly model: ModelInfo
  readonly agent: AgentState
}

/** Brings every open page to what is known of the agent's server now. */
export function agentChanges(note: AgentNote): Html[] {
  return [
    turboStream('replace', 'model', modelNote(note)),
    turboStream('update', 'agent-banner', bannerText(note.agent)),
  ]
}

/** Which model answers, and whether its server runs. */
export function modelNote({ model, agent }: AgentNote): Html {
  return html`<div class="model" id="model">
    <strong><i class="lamp" data-state="${agent}"></i> ${shortly[agent] ?? model.label}</strong>
    ${model.hint !== null && html`<p>${model.hint}</p>`}
  </div>`
}

/** Above the prompt box while the server is not there; empty else. Its element stays, so that screen readers tell of it. */
export function agentBanner(agent: AgentState): Html {
  return html`<div class="banner" id="agent-banner" role="status">${bannerText(agent)}</div>`
}

function bannerText(agent: AgentState): Html {
  const text = sentences[agent]
  if (text === null) return html``
  return html`<i class="${agent === 'down' ? 'lamp' : 'spinner'}" data-state="${agent}"></i>
    <span>${text}</span>`
}

const shortly: Readonly<Record<AgentState, string | null>> = {
  starting: 'Starting OpenCode',
  up: null,
  restarting: 'OpenCode is restarting',
  down: 'OpenCode does not run',
}

const sentences: Readonly<Record<AgentState, string | null>> = {
  starting: 'Starting OpenCode. What you send waits until it is ready.',
  up: null,
  restarting:
    'OpenCode has stopped and is restarting. Nothing is lost; what you send waits for it.',
  down: 'OpenCode has stopped and cannot be restarted. Start the application again.',
}
