import type { ScenarioLike } from '../src/script/scenario.js'
import type { Reply } from '../src/script/steps.js'
import type { Client } from './client.js'

/** One scenario, played on Impostor and on the real server. */
export interface ConformanceScenario {
  readonly name: string
  /** What the model says. */
  readonly answers?: ScenarioLike
  /** What it says where a session is summed up. */
  readonly summary?: Reply
  /** Files beside `seed.txt`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Whether the directory is a git repository and the server takes snapshots. */
  readonly git?: boolean
  /** Whether the server keeps something for its directory, so that the next scenario needs another one. */
  readonly leavesTraces?: boolean
  /** Where it is played, below its directory; there need not be such a folder. */
  readonly below?: string
  /** What the server does only when its environment asks for it. */
  readonly experimental?: { readonly backgroundSubagents?: boolean; readonly planMode?: boolean }
  /** Whether the server does it one way or another by chance, so that one try of several has to be the same. */
  readonly isChance?: boolean
  /** Server configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Server password. */
  readonly password?: string
  /** What the client does. */
  readonly run: (client: Client) => Promise<void>
}
