const { machineFactor } = require('./scripts/machine-factor.cjs')

module.exports = {
  forbidOnly: true,
  timeout: Math.round(20_000 * machineFactor),
  reporter: './scripts/mocha-reporter.cjs',
  'node-option': ['conditions=@turnstead/source', 'import=tsx'],
}
