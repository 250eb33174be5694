import type { ScopedClient } from '@turnstead/wire'

/** Something to choose from, and how the server calls it. */
export interface Choice {
  readonly value: string
  readonly label: string
}

/** A model, with how much of a conversation it can look at. */
export interface ModelChoice extends Choice {
  /** In tokens; null where the server does not know. */
  readonly contextTokens: number | null
}

/** What the server offers for a message. */
export interface Choices {
  readonly models: readonly ModelChoice[]
  readonly agents: readonly Choice[]
}

const noChoices: Choices = { models: [], agents: [] }

/** It changes when somebody changes the server's configuration, so seldom. */
const keptMs = 60_000
/** So soon it is asked again when it did not answer. */
const retryMs = 5_000
/** No page waits longer for what it can do without. */
const timeoutMs = 1_000

/** Asks the server what it offers, now and then. While it does not answer there is nothing to choose. */
export function createChoices(
  agent: () => Pick<ScopedClient, 'config' | 'agent'> | null,
  now: () => number = Date.now,
): () => Promise<Choices> {
  let kept: { readonly choices: Choices; readonly until: number } | null = null

  async function ask(): Promise<Choices | null> {
    const client = agent()
    if (client === null) return null
    const limits = { timeoutMs }
    const [{ providers }, agents] = await Promise.all([
      client.config.providers(limits),
      client.agent.list(limits),
    ])
    const models = providers.flatMap((provider) =>
      Object.values(provider.models).map(({ id, name, limit }) => ({
        value: `${provider.id}/${id}`,
        label: name || id,
        contextTokens: limit.context > 0 ? limit.context : null,
      })),
    )
    // Sub-agents are called by agents, and hidden ones by the server.
    const offered = agents.filter((agent) => agent.mode !== 'subagent' && agent.hidden !== true)
    return { models, agents: offered.map(({ name }) => ({ value: name, label: capital(name) })) }
  }

  return async () => {
    if (kept !== null && kept.until > now()) return kept.choices
    const asked = await ask().catch(() => null)
    const choices = asked ?? kept?.choices ?? noChoices
    kept = { choices, until: now() + (asked === null ? retryMs : keptMs) }
    return choices
  }
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
