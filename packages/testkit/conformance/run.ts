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
import { commandScenarios } from './scenarios/commands.js'
import { documentScenarios } from './scenarios/document.js'
import { expansionScenarios } from './scenarios/expansion.js'
import { historyScenarios } from './scenarios/history.js'
import { httpScenarios } from './scenarios/http.js'
import { serverScenarios } from './scenarios/server.js'
import { sessionScenarios } from './scenarios/sessions.js'
import { stopScenarios } from './scenarios/stops.js'
import { toolResultScenarios } from './scenarios/tool-results.js'
import { toolScenarios } from './scenarios/tools.js'
import { structuredScenarios } from './scenarios/structured.js'
import { turnScenarios } from './scenarios/turns.js'
import { impostorTarget, opencodeTarget, type Target } from './target.js'

/** All scenarios. */
const scenarios: readonly ConformanceScenario[] = [
  ...turnScenarios,
  ...toolScenarios,
  ...askScenarios,
  ...stopScenarios,
  ...sessionScenarios,
  ...serverScenarios,
  ...agentScenarios,
  ...expansionScenarios,
  ...commandScenarios,
  ...toolResultScenarios,
  ...historyScenarios,
  ...structuredScenarios,
  ...httpScenarios,
  ...documentScenarios,
]

/** Plays every scenario on Impostor and on the real server and compares what happened. */
export async function runConformance(
  options: {
    readonly only?: string | null
    readonly onScenario?: (name: string, unlisted: number) => void
  } = {},
): Promise<ConformanceReport> {
  const real = opencodeTarget()
  const fake = impostorTarget()
  const chosen = scenarios.filter(
    (scenario) =>
      !options.only ||
      options.only
        .split('|')
        .some((each) => scenario.name.includes(each) || scenario.name === each),
  )
  const found: Difference[] = []
  const broken: { scenario: string; target: string; error: string }[] = []
  try {
    for (const scenario of chosen) {
      const one = await attempt(real, scenario, broken)
      const other = await attempt(fake, scenario, broken)
      const differences =
        one && other ? compare(scenario.name, normalise(one), normalise(other)) : []
      found.push(...differences)
      options.onScenario?.(scenario.name, differences.filter((each) => !isListed(each)).length)
    }
  } finally {
    await real.close()
    await fake.close()
  }
  return {
    scenarios: chosen.length,
    listed: found.filter(isListed),
    unlisted: found.filter((each) => !isListed(each)),
    broken,
  }
}

async function attempt(
  target: Target,
  scenario: ConformanceScenario,
  broken: { scenario: string; target: string; error: string }[],
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
