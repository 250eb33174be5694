import { putPart } from '../state/world.js'
import { isFolder } from '../state/directories.js'
import { bashWishes } from './bash-wishes.js'
import { permit } from './permit.js'
import { toAbsolute } from '../state/files.js'
import { type ToolCall, type ToolContext, ToolFailure, type ToolResult } from './tool-context.js'

const mostBytes = 50 * 1024
const mostShown = 30_000
const defaultLimitMs = 120_000

/** How long a command may take; other tools have no end. */
export function limitMs({ tool, input }: ToolCall): number {
  const { timeout } = input
  return tool === 'bash' ? (typeof timeout === 'number' ? timeout : defaultLimitMs) : Infinity
}

/** `bash`: nothing is run; what a command prints is what the script says. */
export async function bash(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const command = String(call.input['command'])
  const { directory } = context.session.info
  const { workdir } = call.input
  const place = {
    cwd: typeof workdir === 'string' ? toAbsolute(directory, workdir) : directory,
    directory,
    home: '/opencode-home',
    isDirectory: (path: string) => isFolder(context.world, path),
  }
  const wishes = bashWishes(command, place)
  // What a script makes a command ask for is asked once, also for one that asks for nothing.
  const plain = { permission: 'bash', patterns: [command], always: [], metadata: { command } }
  for (const wish of call.step.ask === undefined ? wishes : [wishes.at(-1) ?? plain])
    await permit(call, context, wish)
  assertFolder(call, context)
  if (command === '')
    throw new ToolFailure("The argument 'file' cannot be empty. Received ''", { output: '' })
  const output = call.step.output ?? ''
  const update = (soFar: string): void => {
    if (context.isOver()) return
    putPart(context.world, context.session, {
      ...call.part,
      state: {
        metadata: { output: lastOf(soFar) },
        status: 'running',
        input: call.input,
        time: { start: call.startedAt },
      },
    })
  }
  update('')
  let soFar = ''
  for (const piece of call.step.progress ?? (output === '' ? [] : [output])) {
    soFar += piece
    update(soFar)
  }
  const printed = output === '' ? soFar : output
  const shown = printed === '' ? '(no output)' : printed
  const exit = call.step.exit ?? 0
  const limit = limitMs(call)
  if ((call.step.tookMs ?? 0) > limit) {
    const told = `${printed}\n\n<shell_metadata>\nshell tool terminated command after exceeding timeout ${limit} ms. If this command is expected to take longer and is not waiting for interactive input, retry with a larger timeout value in milliseconds.\n</shell_metadata>`
    const metadata = { output: lastOf(shown), exit: null, truncated: false }
    return { output: told, title: command, metadata }
  }
  if (Buffer.byteLength(shown) <= mostBytes) {
    const metadata = { output: lastOf(shown), exit, truncated: false }
    return { output: shown, title: command, metadata }
  }
  const outputPath = `/opencode-home/data/opencode/tool-output/${context.world.identity.id('tool')}`
  context.world.files.write(outputPath, new TextEncoder().encode(shown))
  return {
    output: `...output truncated...\n\nFull output saved to: ${outputPath}\n\n${lastLines(shown)}`,
    title: command,
    metadata: { output: lastOf(shown), exit, truncated: true, outputPath },
  }
}

function assertFolder({ input }: ToolCall, { world, session }: ToolContext): void {
  const { workdir } = input
  if (typeof workdir !== 'string') return
  const folder = toAbsolute(session.info.directory, workdir)
  if (world.files.isDirectory(folder) || folder === session.info.directory) return
  throw new ToolFailure(`NotFound: FileSystem.access (${folder})`, { output: '' })
}

/** What a person sees of a long output. */
function lastOf(output: string): string {
  return output.length > mostShown ? `...\n\n${output.slice(-mostShown)}` : output
}

/** What a model gets of a long output: whole lines from its end. */
function lastLines(output: string): string {
  const lines = output.split('\n')
  let size = 0
  let first = lines.length
  while (first > 0) {
    size += Buffer.byteLength(lines[first - 1] ?? '') + (first < lines.length ? 1 : 0)
    if (size > mostBytes) break
    first -= 1
  }
  return lines.slice(first).join('\n')
}
