#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { record } from './cassette/record.js'
import { chaosCommand, chaosUsage } from './chaos/chaos-command.js'

const usage = `Usage: testkit record --target <url> --out <file.jsonl> [--port <n>] [--name <name>]

Starts a proxy in front of a real OpenCode server and writes a cassette of what passes when it is interrupted.
Credentials: OPENCODE_SERVER_USERNAME and OPENCODE_SERVER_PASSWORD; they are never recorded.

${chaosUsage}`

const args = process.argv.slice(2)

if (asksForHelp(args)) process.stdout.write(usage)
else if (args[0] === 'chaos') {
  process.exitCode = await chaosCommand(
    args.slice(1),
    (text) => void process.stdout.write(text),
    (text) => void process.stderr.write(text),
  )
} else await recordCommand()

/** What stands after `--` is the worker's. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  return own.some((word) => word === '--help' || word === '-h')
}

async function recordCommand(): Promise<void> {
  const words = readWords()
  if (words === null) return
  const { values, positionals } = words
  if (positionals[0] !== 'record' || values.target === undefined || values.out === undefined) {
    process.stderr.write(usage)
    process.exitCode = 2
    return
  }
  await runRecorder(values.target, values.out, Number(values.port), values.name)
}

function readWords() {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        target: { type: 'string' },
        out: { type: 'string' },
        port: { type: 'string', default: '0' },
        name: { type: 'string', default: 'recording' },
      },
    })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exitCode = 2
    return null
  }
}

async function runRecorder(target: string, out: string, port: number, name: string): Promise<void> {
  const password = process.env['OPENCODE_SERVER_PASSWORD'] ?? ''
  const username = process.env['OPENCODE_SERVER_USERNAME'] ?? 'opencode'
  const token = Buffer.from(`${username}:${password}`).toString('base64')
  const recorder = await record({
    target,
    name,
    port,
    secrets: password === '' ? [] : [password, token],
    headers: password === '' ? {} : { authorization: `Basic ${token}` },
  })
  process.stdout.write(`recording ${recorder.url}\n`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  await recorder.save(out)
  await recorder.close()
  process.stdout.write(`saved ${out}\n`)
}
