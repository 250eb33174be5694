import { writeFile } from 'node:fs/promises'
import { withClient, type Transcript } from './client.js'
import { compare, type Difference } from './compare.js'
import { isListed, listed } from './differences.js'
import { fidelityPage } from './page.js'
import type { ConformanceReport } from './report.js'
import { normalise } from './normalise.js'
import type { ConformanceScenario } from './scenario.js'
import { agentScenarios } from './scenarios/agents.js'
import { askScenarios } from './scenarios/asks.js'
import { backgroundScenarios } from './scenarios/background.js'
import { commandScenarios } from './scenarios/commands.js'
import { compactionScenarios } from './scenarios/compaction.js'
import { documentScenarios } from './scenarios/document.js'
import { endingScenarios } from './scenarios/endings.js'
import { expansionScenarios } from './scenarios/expansion.js'
import { historyScenarios } from './scenarios/history.js'
import { childScenarios } from './scenarios/hosts/children.js'
import { commandUseScenarios } from './scenarios/hosts/commands.js'
import { editScenarios } from './scenarios/hosts/edits.js'
import { editorScenarios } from './scenarios/hosts/editors.js'
import { shellScenarios } from './scenarios/hosts/shells.js'
import { httpScenarios } from './scenarios/http.js'
import { placeScenarios } from './scenarios/places.js'
import { searchScenarios } from './scenarios/searching.js'
import { serverScenarios } from './scenarios/server.js'
import { sessionScenarios } from './scenarios/sessions.js'
import { stopScenarios } from './scenarios/stops.js'
import { subAgentScenarios } from './scenarios/sub-agents.js'
import { toolResultScenarios } from './scenarios/tool-results.js'
import { toolScenarios } from './scenarios/tools.js'
import { structuredScenarios } from './scenarios/structured.js'
import { turnScenarios } from './scenarios/turns.js'
import { impostorTarget, opencodeTarget, serverKey, type Target } from './target.js'

/** All scenarios. */
const scenarios: readonly ConformanceScenario[] = [
  ...turnScenarios,
  ...toolScenarios,
  ...askScenarios,
  ...stopScenarios,
  ...sessionScenarios,
  ...placeScenarios,
  ...serverScenarios,
  ...agentScenarios,
  ...subAgentScenarios,
  ...backgroundScenarios,
  ...expansionScenarios,
  ...commandScenarios,
  ...compactionScenarios,
  ...toolResultScenarios,
  ...searchScenarios,
  ...endingScenarios,
  ...historyScenarios,
  ...structuredScenarios,
  ...httpScenarios,
  ...documentScenarios,
  ...childScenarios,
  ...shellScenarios,
  ...commandUseScenarios,
  ...editScenarios,
  ...editorScenarios,
]

/** How often a scenario is played that the server plays one way or another. */
const mostTries = 3

interface Broken {
  readonly scenario: string
  readonly target: string
  readonly error: string
}

/** Plays every scenario on Impostor and on the real server and compares what happened. */
export async function runConformance(
  options: {
    readonly only?: string | null
    /** How many servers play beside each other, default 1. */
    readonly lanes?: number
    readonly onScenario?: (name: string, unlisted: number) => void
  } = {},
): Promise<ConformanceReport> {
  const chosen = scenarios.filter(
    (scenario) =>
      !options.only || options.only.split('|').some((each) => scenario.name.includes(each)),
  )
  const found: Difference[] = []
  const broken: Broken[] = []
  const playLane = async (lane: readonly ConformanceScenario[]): Promise<void> => {
    const real = opencodeTarget()
    const fake = impostorTarget()
    try {
      for (const scenario of lane) {
        const differences = await play(scenario, real, fake, broken)
        found.push(...differences)
        options.onScenario?.(scenario.name, differences.filter((each) => !isListed(each)).length)
      }
    } finally {
      await real.close()
      await fake.close()
    }
  }
  await Promise.all(laneUp(chosen, options.lanes ?? 1).map(playLane))
  return {
    scenarios: chosen.length,
    listed: found.filter(isListed),
    unlisted: found.filter((each) => !isListed(each)),
    broken,
  }
}

/** What needs a server of its own kind stays in one lane. */
function laneUp(
  chosen: readonly ConformanceScenario[],
  count: number,
): readonly (readonly ConformanceScenario[])[] {
  const kinds = new Map<string, number>()
  const lanes = Array.from({ length: count }, (): ConformanceScenario[] => [])
  for (const [index, scenario] of chosen.entries()) {
    const kind = serverKey(scenario)
    const lane = kind === serverKey({ name: '', run: scenario.run }) ? index : kinds.get(kind)
    const place = lane ?? kinds.size
    kinds.set(kind, place)
    lanes[place % count]?.push(scenario)
  }
  return lanes
}

async function play(
  scenario: ConformanceScenario,
  real: Target,
  fake: Target,
  broken: Broken[],
): Promise<readonly Difference[]> {
  let differences: readonly Difference[] = []
  for (let tries = scenario.isChance === true ? mostTries : 1; tries > 0; tries -= 1) {
    const one = await attempt(real, scenario, broken)
    const other = await attempt(fake, scenario, broken)
    differences = one && other ? compare(scenario.name, normalise(one), normalise(other)) : []
    if (differences.length === 0) break
  }
  return differences
}

async function attempt(
  target: Target,
  scenario: ConformanceScenario,
  broken: Broken[],
): Promise<Transcript | null> {
  const played = await target.play(scenario)
  try {
    return await withClient(played, scenario.run)
  } catch (error) {
    broken.push({
      scenario: scenario.name,
      target: target.name,
      error: error instanceof Error ? error.message : 'unknown',
    })
    return null
  } finally {
    await played.end()
  }
}

/** Writes the page about what Impostor does differently. */
export async function writeFidelityPage(path: string, report: ConformanceReport): Promise<void> {
  await writeFile(path, fidelityPage(report, listed))
}
