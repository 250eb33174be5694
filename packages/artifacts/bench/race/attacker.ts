// A process that swaps, as fast as it can, files and folders of a workspace for links to what lies outside, until its parent leaves.
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where it attacks, and what it wants. */
export interface Target {
  /** Folders of the workspace's whose parts are swapped. */
  readonly places: readonly string[]
  /** A file outside. */
  readonly secret: string
  /** A folder outside, with a file of the same name as in the folders that are swapped. */
  readonly outside: string
}

const target = JSON.parse(process.argv[2] ?? '{}') as Target
let swaps = 0
let isOver = false

/** What was removed meanwhile is made again. */
function tried(step: () => void): void {
  try {
    step()
    swaps += 1
  } catch {}
}

function attackFile(place: string, round: number): void {
  const [file, spare] = [join(place, 'file'), join(place, `.spare-${process.pid}`)]
  tried(() => rmSync(spare, { recursive: true, force: true }))
  if (round % 3 === 0) tried(() => writeFileSync(spare, `harmless ${round}`))
  else if (round % 3 === 1) tried(() => symlinkSync(target.secret, spare))
  else tried(() => linkSync(target.secret, spare))
  tried(() => renameSync(spare, file))
}

function attackFolder(place: string, round: number): void {
  const [folder, aside] = [join(place, 'folder'), join(place, 'aside')]
  if (round % 2 === 0) {
    tried(() => rmSync(aside, { recursive: true, force: true }))
    tried(() => renameSync(folder, aside))
    tried(() => symlinkSync(target.outside, folder))
  } else {
    tried(() => rmSync(folder, { force: true }))
    tried(() => renameSync(aside, folder))
    tried(() => mkdirSync(folder))
    tried(() => writeFileSync(join(folder, 'file'), `harmless ${round}`))
  }
}

function attack(round: number): void {
  for (let turn = 0; turn < 50; turn += 1) {
    for (const place of target.places) {
      attackFile(place, round + turn)
      attackFolder(place, round + turn)
    }
  }
  if (!isOver) setImmediate(attack, round + 50)
}

process.on('message', () => {
  isOver = true
  process.send?.(swaps, () => process.disconnect())
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
attack(0)
