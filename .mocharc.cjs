const { machineFactor } = require('./scripts/machine-factor.cjs')

// Files that run beside each other share the cores.
const factor = process.argv.includes('--parallel') ? Math.max(3, machineFactor) : machineFactor

module.exports = {
  forbidOnly: true,
  timeout: Math.round(20_000 * factor),
  reporter: './scripts/mocha-reporter.cjs',
  'node-option': ['conditions=@turnstead/source', 'import=tsx'],
}
