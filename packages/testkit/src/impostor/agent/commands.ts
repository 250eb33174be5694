import { asRecord, type Json } from '../state/records.js'
import type { World } from '../state/world.js'

/** A command of the configuration, or one of the server's own. */
export interface Command {
  readonly name: string
  readonly description: string | null
  readonly template: string
  readonly agent: string | null
  readonly model: string | null
  readonly isSubtask: boolean
}

/** The server's own commands, with short templates of Impostor's own. */
const native: readonly Command[] = [
  {
    name: 'init',
    description: 'guided AGENTS.md setup',
    template: 'Create or update `AGENTS.md` for this repository.\n\n$ARGUMENTS',
    agent: null,
    model: null,
    isSubtask: false,
  },
  {
    name: 'review',
    description: 'review changes [commit|branch|pr], defaults to uncommitted',
    template: 'Review the changes.\n\nInput: $ARGUMENTS',
    agent: null,
    model: null,
    isSubtask: true,
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
      isSubtask: given['subtask'] === true,
    }
  })
  return [...native, ...own]
}

/** Names that a refusal lists; the server counts its skills as commands. */
export function commandNames(world: World): readonly string[] {
  return [...commandsOf(world).map((each) => each.name), 'customize-opencode']
}

/** A template with its arguments: `$1`, `$2` and so on, the last of which takes the rest, and `$ARGUMENTS`. */
export function fillTemplate(template: string, given: string): string {
  const args = (given.match(/"[^"]*"|'[^']*'|[^\s"']+/gu) ?? []).map((each) =>
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
  return whole.trim()
}

/** A model as a command names it: `provider/model`. */
export function readModel(model: string): { providerID: string; modelID: string } {
  const slash = model.indexOf('/')
  return { providerID: model.slice(0, Math.max(0, slash)), modelID: model.slice(slash + 1) }
}

/** A command as `GET /command` shows it. */
export function showCommand(command: Command): Json {
  const { agent, description, isSubtask, model, name, template } = command
  const hints = [...new Set(template.match(/\$\d+/gu)), ...(template.match(/\$ARGUMENTS/u) ?? [])]
  return {
    name,
    ...(description === null ? {} : { description }),
    ...(agent === null ? {} : { agent }),
    ...(model === null ? {} : { model }),
    source: 'command',
    template,
    ...(isSubtask ? { subtask: true } : {}),
    hints,
  }
}
