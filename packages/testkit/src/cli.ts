#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { record } from './cassette/record.js'
import { chaosCommand, chaosUsage } from './chaos/chaos-command.js'

const usage = `Usage: testkit record --target <url> --out <file.jsonl> [--port <n>] [--name <name>]

Starts a proxy in front of a real OpenCode server and writes a cassette of what passes when it is interrupted.
Credentials: OPENCODE_SERVER_USERNAME and OPENCODE_SERVER_PASSWORD; they are never recorded.

${chaosUsage}`

if (process.argv[2] === 'chaos') {
  process.exitCode = await chaosCommand(
    process.argv.slice(3),
    (text) => void process.stdout.write(text),
    (text) => void process.stderr.write(text),
  )
} else await recordCommand()

async function recordCommand(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      out: { type: 'string' },
      port: { type: 'string', default: '0' },
      name: { type: 'string', default: 'recording' },
    },
  })
  if (positionals[0] !== 'record' || values.target === undefined || values.out === undefined) {
    process.stderr.write(usage)
    process.exitCode = 2
    return
  }
  await runRecorder(values.target, values.out, Number(values.port), values.name)
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
