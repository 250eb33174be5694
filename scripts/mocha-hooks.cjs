'use strict'

const { machineFactor } = require('./machine-factor.cjs')

/** Files that run beside each other share the cores. */
const factor = 'MOCHA_WORKER_ID' in process.env ? Math.max(3, machineFactor) : machineFactor

const kinds = ['_beforeAll', '_beforeEach', '_afterEach', '_afterAll']

function stretch(suite) {
  const runnables = [...suite.tests, ...kinds.flatMap((kind) => suite[kind])]
  for (const each of runnables) each.timeout(each.timeout() * factor)
  for (const each of suite.suites) stretch(each)
}

/** Every limit of a test is for a calm machine with two cores; on another one it is as much longer as that is slower. */
exports.mochaHooks = {
  beforeAll() {
    stretch(this.test.parent)
  },
}
