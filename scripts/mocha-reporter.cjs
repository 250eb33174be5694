'use strict'

const { reporters, Runner } = require('mocha')

/** The spec reporter, and as the last line the totals in a form that a program can read. */
class SpecWithTotals extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    // Registered after Spec's own listener, so it prints below the list of failures.
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats
      process.stdout.write(`${passes} passed, ${failures} failed, ${pending} skipped\n`)
    })
  }
}

module.exports = SpecWithTotals
