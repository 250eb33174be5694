const root = require('./.mocharc.cjs')

module.exports = {
  ...root,
  spec: ['test/**/*.test.ts'],
  reporter: '../../scripts/mocha-reporter.cjs',
}
