module.exports = {
  forbidOnly: true,
  timeout: 20_000,
  reporter: './scripts/mocha-reporter.cjs',
  require: [require.resolve('./scripts/mocha-hooks.cjs')],
  'node-option': ['conditions=@turnstead/source', 'import=tsx'],
}
