import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { agentOf } from '../state/agents.js'
import { asRecord, type Json } from '../state/records.js'
import { worktreeOf, type World } from '../state/world.js'
import { echoed } from './shell.js'

/** A command of the configuration, or one of the server's own. */
export interface Command {
  readonly name: string
  readonly description: string | null
  readonly template: string
  readonly agent: string | null
  readonly model: string | null
  /** Whether it runs as a sub-agent; null: when its agent is one. */
  readonly subtask: boolean | null
}

/** The server's own commands, with short templates of Impostor's own. */
const native: readonly Command[] = [
  {
    name: 'init',
    description: 'guided AGENTS.md setup',
    template: 'Create or update `AGENTS.md` for this repository.\n\n$ARGUMENTS',
    agent: null,
    model: null,
    subtask: null,
  },
  {
    name: 'review',
    description: 'review changes [commit|branch|pr], defaults to uncommitted',
    template: 'Review the changes.\n\nInput: $ARGUMENTS',
    agent: null,
    model: null,
    subtask: true,
  },
]

/** Commands that a session can run. */
export function commandsOf(world: World): readonly Command[] {
  const configured = asRecord(world.settings.config['command']) ?? {}
  const own = Object.entries(configured).map(([name, value]): Command => {
    const given = asRecord(value) ?? {}
    const text = (key: string): string | null =>
      typeof given[key] === 'string' ? given[key] : null
    return {
      name,
      description: text('description'),
      template: text('template') ?? '',
      agent: text('agent'),
      model: text('model'),
      subtask: typeof given['subtask'] === 'boolean' ? given['subtask'] : null,
    }
  })
  const byName = new Map([...native, ...own].map((each) => [each.name, each]))
  return [...byName.values()]
}

/** Names that a refusal lists; the server counts its skills as commands. */
export function commandNames(world: World): readonly string[] {
  return [...commandsOf(world).map((each) => each.name), 'customize-opencode']
}

/** A template with its arguments: `$1`, `$2` and so on, the last of which takes the rest, and `$ARGUMENTS`. */
export function fillTemplate(template: string, given: string): string {
  const args = (given.match(/\[Image\s+\d+\]|"[^"]*"|'[^']*'|[^\s"']+/giu) ?? []).map((each) =>
    each.replaceAll(/^["']|["']$/gu, ''),
  )
  const places = [...template.matchAll(/\$(\d+)/gu)].map(([, number]) => Number(number))
  const last = Math.max(0, ...places)
  const numbered = template.replaceAll(/\$(\d+)/gu, (_all, number: string) => {
    const index = Number(number) - 1
    return Number(number) === last ? args.slice(index).join(' ') : (args[index] ?? '')
  })
  const filled = numbered.replaceAll('$ARGUMENTS', () => given)
  const hasPlace = places.length > 0 || template.includes('$ARGUMENTS')
  const whole = hasPlace || given.trim() === '' ? filled : `${filled}\n\n${given}`
  // The server runs these; a fake prints the words of an `echo`.
  return whole.replaceAll(/!`([^`]+)`/gu, (_all, command: string) => echoed(command)).trim()
}

/** The parts of a command's prompt: its text, and the files, folders and agents that it names with `@`. */
export function partsOf(world: World, directory: string, text: string): readonly Json[] {
  const names = new Set(
    [...text.matchAll(/(?<![\w`])@(\.?[^\s`,.]*(?:\.[^\s`,.]+)*)/gu)].map(([, name]) => name ?? ''),
  )
  const named = [...names].flatMap((name): Json[] => {
    if (name === '') return []
    const path = resolve(
      worktreeOf(world, directory),
      name.startsWith('~/') ? `/opencode-home/${name.slice(2)}` : name,
    )
    const isFile = world.files.read(path) !== null
    if (isFile || world.files.isDirectory(path)) {
      const mime = isFile ? 'text/plain' : 'application/x-directory'
      return [{ type: 'file', url: pathToFileURL(path).href, filename: name, mime }]
    }
    return agentOf(world, name) === null ? [] : [{ type: 'agent', name }]
  })
  return [{ type: 'text', text }, ...named]
}

/** A model as a command names it: `provider/model`. */
export function readModel(model: string): { providerID: string; modelID: string } {
  const slash = model.indexOf('/')
  return { providerID: model.slice(0, Math.max(0, slash)), modelID: model.slice(slash + 1) }
}

/** A command as `GET /command` shows it. */
export function showCommand(command: Command): Json {
  const { agent, description, model, name, subtask, template } = command
  const hints = [...new Set(template.match(/\$\d+/gu)), ...(template.match(/\$ARGUMENTS/u) ?? [])]
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(agent === null ? {} : { agent }),
    ...(model === null ? {} : { model }),
    source: 'command',
    template,
    ...(subtask === null ? {} : { subtask }),
    hints,
  }
}
