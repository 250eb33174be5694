import { createMessageArtifacts } from '../../src/collect/message-artifacts.js'
import { createMemoryStore } from '../../src/memory.js'
import type { ArtifactStore } from '../../src/store/store.js'
import type { Agent, FinishedTurn } from './agent.js'
import type { AgentTurn } from './agent-turns.js'

/** Runs a turn, collects it from the disk and over the server, and says what is not as it should be. */
export async function mismatchesOf(agent: Agent, turn: AgentTurn): Promise<string[]> {
  const folder = `${turn.name.replaceAll(' ', '-')}/`
  const finished = await agent.run(turn.answer(folder), turn.model)
  const { directory, reader } = agent
  const found: string[] = []
  const ways = {
    disk: { directory },
    server: { agentDirectory: directory, reader },
  }
  for (const [name, options] of Object.entries(ways)) {
    const expected = new Map(
      Object.entries(turn.files).map(([path, body]) => [folder + path, body]),
    )
    const kept = await collect(options, finished)
    for (const [path, body] of kept) {
      if (expected.get(path) !== body) found.push(`${name}: ${path} should not be kept as it is`)
      expected.delete(path)
    }
    for (const path of expected.keys()) found.push(`${name}: ${path} is not kept`)
  }
  return found
}

async function collect(
  options: Partial<Parameters<typeof createMessageArtifacts>[0]>,
  { startedAt, tools, changes }: FinishedTurn,
): Promise<Map<string, string>> {
  const store: ArtifactStore = createMemoryStore()
  // The turns follow each other within less time than a file system may round.
  const artifacts = createMessageArtifacts({ store, scan: { slackMs: 20 }, ...options })
  const { kept } = await artifacts.collect({ turnId: 1, tools, changes, startedAt })
  const texts = new Map<string, string>()
  for (const { key, path } of kept) {
    const found = await store.get(key)
    const chunks: Uint8Array[] = []
    for await (const chunk of found?.body ?? []) chunks.push(chunk as Uint8Array)
    texts.set(path, Buffer.concat(chunks).toString())
  }
  return texts
}
