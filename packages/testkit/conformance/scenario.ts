import type { ScenarioLike } from '../src/script/scenario.js'
import type { Client } from './client.js'

/** One scenario, played on Impostor and on the real server. */
export interface ConformanceScenario {
  readonly name: string
  /** What the model says. */
  readonly answers?: ScenarioLike
  /** Files beside `seed.txt`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Whether the directory is a git repository and the server takes snapshots. */
  readonly git?: boolean
  /** Whether the server keeps something for its directory, so that the next scenario needs another one. */
  readonly leavesTraces?: boolean
  /** Server configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Server password. */
  readonly password?: string
  /** What the client does. */
  readonly run: (client: Client) => Promise<void>
}
