/**
 * How much slower this machine is, now, than the one that the limits of the tests were written for: a fixed piece of work is
 * timed, and the load that others put on the cores is counted. Never below 1, so that a fast machine has the limits as written.
 */
const { createHash } = require('node:crypto')
const { availableParallelism, loadavg } = require('node:os')

/** What the work takes on two quiet cores of 2026. */
const referenceMs = 25
const block = Buffer.alloc(1024 * 1024)

function workMs() {
  const from = performance.now()
  const hash = createHash('sha256')
  for (let round = 0; round < 24; round += 1) hash.update(block)
  hash.digest()
  return performance.now() - from
}

const slowness = Math.min(workMs(), workMs(), workMs()) / referenceMs
const crowding = loadavg()[0] / availableParallelism()

exports.machineFactor = Math.min(10, Math.max(1, slowness, crowding))
