import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import { formatCount } from './atoms/format.js'

/** How much of what its model can look at a conversation takes, in tokens. */
export interface ContextMeter {
  readonly used: number
  readonly window: number
}

export function contextMeter(conversationId: number, meter: ContextMeter | null): Html {
  return html`<span class="context" id="${elementId(conversationId)}">${meter !== null && ring(meter)}</span>`
}

export function contextChange(conversationId: number, meter: ContextMeter): Html {
  return turboStream('update', elementId(conversationId), ring(meter))
}

/** So full, the agent is about to sum up what was said. */
const almostFull = 0.8
/** Of a circle whose radius makes it 100 units long. */
const radius = 100 / (2 * Math.PI)

function ring({ used, window }: ContextMeter): Html {
  const share = Math.min(1, used / window)
  const percent = Math.max(1, Math.round(share * 100))
  const words = `${formatCount(used)} of ${formatCount(window)} tokens of the model’s context are in use`
  return html`<span class="meter" title="${words}" data-full="${String(share >= almostFull)}">
    <svg viewBox="0 0 40 40" aria-hidden="true">
      <circle cx="20" cy="20" r="${radius}" />
      <circle class="used" cx="20" cy="20" r="${radius}" stroke-dasharray="${percent} 100" />
    </svg>
    <span aria-hidden="true">${percent} %</span>
    <span class="visually-hidden">${words}.</span>
  </span>`
}

const elementId = (conversationId: number): string => `conversation-${conversationId}-context`
