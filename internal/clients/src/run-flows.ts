import { compare } from './compare.js'
import type { Flow, FlowReport } from './flow.js'
import { normalise } from './normalise.js'
import { createServers, type ClientServer } from './server.js'

/** Plays flows on both servers, one after the other, and compares what their users see. */
export async function runFlows(
  flows: readonly Flow[],
  onFlow: (report: FlowReport, ms: number) => void = () => {},
): Promise<readonly FlowReport[]> {
  const servers = await createServers()
  const reports: FlowReport[] = []
  try {
    for (const flow of flows) {
      const startedAt = performance.now()
      const broken: { server: string; error: string }[] = []
      const play = async (server: ClientServer): Promise<unknown> => {
        try {
          return normalise(await flow.run(server), server)
        } catch (error) {
          broken.push({
            server: server.name,
            error: error instanceof Error ? error.message : String(error),
          })
          return null
        }
      }
      const opencode = await servers.onOpencode(flow.stage, play)
      const impostor = await servers.onImpostor(flow.stage, play)
      const report: FlowReport = {
        name: flow.name,
        broken,
        differences: broken.length > 0 ? [] : compare(opencode, impostor),
      }
      reports.push(report)
      onFlow(report, performance.now() - startedAt)
    }
  } finally {
    await servers.close()
  }
  return reports
}
