'use strict'

const path = require('node:path')
const { reporters, Runner } = require('mocha')

const shownFiles = 12

/** The spec reporter, then the files that took longest, and as the last line the totals in a form that a program can read. */
class SpecWithTotals extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const takenMs = new Map()
    const add = ({ file, duration }) => {
      if (file) takenMs.set(file, (takenMs.get(file) ?? 0) + (duration ?? 0))
    }
    runner.on(Runner.constants.EVENT_TEST_END, add)
    runner.on(Runner.constants.EVENT_HOOK_END, add)
    // Registered after Spec's own listener, so it prints below the list of failures.
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      if (takenMs.size > shownFiles) process.stdout.write(`${slowest(takenMs)}\n`)
      const { passes, failures, pending } = runner.stats
      process.stdout.write(`${passes} passed, ${failures} failed, ${pending} skipped\n`)
    })
  }
}

function slowest(takenMs) {
  const sorted = [...takenMs].sort(([, a], [, b]) => b - a).slice(0, shownFiles)
  const lines = sorted.map(
    ([file, ms]) =>
      `${(ms / 1000).toFixed(1).padStart(7)} s  ${path.relative(process.cwd(), file)}`,
  )
  return ['Files that took longest:', ...lines].join('\n')
}

module.exports = SpecWithTotals
