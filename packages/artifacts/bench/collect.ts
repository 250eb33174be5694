/**
 * What an agent on the real server does to files, and what is kept of it: each path that is missing, too much, or has other bytes is a
 * mismatch. Every turn is collected from the disk, and over the server.
 */
import { findOpencodeBinary } from '@turnstead/testkit/opencode'

import { agentTurns } from './support/agent-turns.js'
import { openAgent } from './support/agent.js'
import { mismatchesOf } from './support/mismatches.js'

export const collectMismatches = {
  name: 'artifacts.collect.mismatches',
  async run() {
    if (findOpencodeBinary() === null) {
      process.stderr.write('# skipped: no opencode binary for this platform\n')
      return []
    }
    const agent = await openAgent()
    try {
      let value = 0
      for (const turn of agentTurns) {
        const found = await mismatchesOf(agent, turn)
        for (const each of found) process.stderr.write(`# ${turn.name}: ${each}\n`)
        value += found.length
      }
      return [
        { name: 'artifacts.collect.mismatches', value, unit: 'files', better: 'lower' },
      ] as const
    } finally {
      await agent.close()
    }
  },
}
