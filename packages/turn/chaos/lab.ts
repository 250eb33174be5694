import type { Choose } from './chooser.js'
import type { Tally } from './figures.js'
import type { Crew } from './processes/crew.js'
import type { Ground } from './stage.js'
import type { RunTrials } from './trials.js'

/** Everything that one part of the experiments works with, on one database. */
export interface Lab {
  readonly ground: Ground
  readonly crew: Crew
  readonly tally: Tally
  /** Whether it is the one that all points are tried on. */
  readonly isFirst: boolean
  readonly choose: Choose
  readonly run: RunTrials
}
