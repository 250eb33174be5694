import { mkdir } from 'node:fs/promises'
import { findOpencodeBinary } from '@turnstead/testkit/opencode'
import { ask, gate, reasoning, reply, text, tool } from '@turnstead/testkit'
import type { Flow } from '../flow.js'
import { createClientHome } from '../home.js'
import type { ClientServer } from '../server.js'
import { startInTerminal, type TerminalProgram } from '../terminal.js'

const enter = '\r'
const escape = '\u001B'
const right = '\u001B[C'

/** Types what a person would, and shows screens. */
interface Person {
  readonly program: TerminalProgram
  readonly server: ClientServer
  /** Writes a prompt and sends it. */
  readonly prompt: (content: string) => Promise<void>
  /** Waits until a text is shown and the screen stands still, and keeps the screen. */
  readonly sees: (wanted: string | RegExp) => Promise<void>
  /** The same at the end of a turn, when its cost is shown, which may come much later. */
  readonly ends: (wanted: string | RegExp) => Promise<void>
}

function flow(
  name: string,
  stage: Flow['stage'],
  play: (person: Person) => Promise<void>,
  isCore = false,
): Flow {
  return {
    name: `opencode attach: ${name}`,
    stage,
    isCore,
    async run(server) {
      await mkdir(server.directory, { recursive: true })
      const home = await createClientHome()
      const target = [server.url, '-p', server.password, '--dir', server.directory]
      const program = startInTerminal(findOpencodeBinary() ?? 'opencode', ['attach', ...target], {
        cwd: server.directory,
        env: home.env,
      })
      const screens: (readonly string[])[] = []
      const sees: Person['sees'] = async (wanted) => {
        await program.shows(wanted)
        screens.push(tidy(await program.still()))
      }
      try {
        await program.shows('Ask anything', 60_000)
        await program.shows('standard Scripted')
        await play({
          program,
          server,
          async prompt(content) {
            program.press(content)
            await program.shows(content)
            program.press(enter)
          },
          sees,
          async ends(wanted) {
            await program.shows(wanted)
            await sees('$0.00')
          },
        })
        return screens
      } finally {
        await program.end()
        await home.remove()
      }
    },
  }
}

/** Drops empty lines, and what moves: the spinner, and the widths that durations push aside. */
function tidy(screen: readonly string[]): readonly string[] {
  return screen
    .map((line) =>
      line
        .replaceAll(/[⬝■▪]+/gu, '')
        .replaceAll(/ {2,}/gu, '  ')
        .trimEnd(),
    )
    .filter((line) => line.trim() !== '')
}

const write = tool.write({ filePath: 'notes.md', content: '# Notes\nOne.\n' })
const edit = tool.edit({ filePath: 'seed.txt', oldString: 'beta', newString: 'BETA' })

/** The terminal interface, attached to a server. */
export const tuiFlows: readonly Flow[] = [
  flow(
    'texts, a write and an edit with its diff',
    {
      answers: [
        reply(text('Hello from the script.')),
        reply(write, text('Written.')),
        reply(tool.read({ filePath: 'seed.txt' }), text('Now. '), edit, text('Edited.')),
      ],
    },
    async ({ prompt, ends }) => {
      await prompt('say hello')
      await ends('Hello from the script.')
      await prompt('write it')
      await ends('Written.')
      await prompt('edit it')
      await ends('Edited.')
    },
    true,
  ),
  flow(
    'a write that asks, with its diff',
    {
      answers: [reply(edit, text('Edited.')), reply(write, text('Not written.'))],
      asksToEdit: true,
    },
    async ({ program, prompt, sees, ends }) => {
      await prompt('edit it')
      await sees('Permission required')
      program.press(enter)
      await ends('Edited.')
      await prompt('write it')
      await sees('Permission required')
      program.press(right)
      program.press(right)
      program.press(enter)
      await sees(/← Write notes\.md[^]*ctrl\+p commands/u)
    },
  ),
  flow(
    'a question',
    {
      answers: [
        reply(
          ask.question({
            question: 'Which colour?',
            header: 'Colour',
            options: [
              { label: 'Red', description: 'Warm' },
              { label: 'Blue', description: 'Cold' },
            ],
          }),
          text('Blue it is.'),
        ),
      ],
    },
    async ({ program, prompt, sees, ends }) => {
      await prompt('ask me')
      await sees('Which colour?')
      program.press('2')
      await ends('Blue it is.')
    },
    true,
  ),
  flow(
    'reasoning, todos and a sub-agent',
    {
      answers: [
        reply(reasoning('Let me see.'), text('Seen.')),
        reply(
          tool.todowrite({
            todos: [
              { content: 'First thing', status: 'completed' },
              { content: 'Second thing', status: 'pending' },
            ],
          }),
          text('Planned.'),
        ),
        reply(
          tool.task({ description: 'Look around', prompt: 'Look around' }, reply(text('Looked.'))),
          text('Delegated.'),
        ),
      ],
    },
    async ({ prompt, ends }) => {
      await prompt('think')
      await ends('Seen.')
      await prompt('plan')
      await ends('Planned.')
      await prompt('delegate')
      await ends('Delegated.')
    },
  ),
  flow(
    'an interruption',
    { answers: [reply(text('Half of '), gate('never'), text('it.'))] },
    async ({ program, prompt, sees }) => {
      await prompt('go on')
      await program.shows('Half of')
      program.press(escape)
      await program.shows('again to interrupt')
      program.press(escape)
      await sees('interrupted')
    },
  ),
]
