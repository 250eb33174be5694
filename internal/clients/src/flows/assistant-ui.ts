import { createOpencodeClient } from '@opencode-ai/sdk/v2/client'
import type { AssistantRuntime } from '@assistant-ui/react'
import type { OpenCodeRuntimeExtras } from '@assistant-ui/react-opencode'
import { ask, gate, reasoning, reply, text, tool } from '@turnstead/testkit'
import type { Flow } from '../flow.js'
import { openPage } from '../page.js'
import type { ClientServer } from '../server.js'

/** A person at a page with the runtime. */
interface Seat {
  readonly runtime: AssistantRuntime
  /** Waits until the runtime or what it asks fits. */
  until(what: string, fits: () => boolean): Promise<void>
  asks(): {
    readonly permissions: readonly string[]
    readonly questions: readonly string[]
  }
  allow(permissionId: string): Promise<void>
  choose(questionId: string, answers: readonly (readonly string[])[]): Promise<void>
}

async function seated(server: ClientServer, use: (seat: Seat) => Promise<void>): Promise<unknown> {
  const page = openPage()
  try {
    // React looks for the page when it is loaded.
    const { createElement: h } = await import('react')
    const { createRoot } = await import('react-dom/client')
    const { AssistantRuntimeProvider } = await import('@assistant-ui/react')
    const { useOpenCodeRuntime } = await import('@assistant-ui/react-opencode')
    const { url: baseUrl, directory } = server
    const client = createOpencodeClient({ baseUrl, directory, headers: { ...server.headers } })
    let runtime: AssistantRuntime | null = null
    const problems: string[] = []
    const App = (): ReturnType<typeof h> => {
      const made = useOpenCodeRuntime({
        client,
        onError: (error) => void problems.push(String(error)),
      })
      runtime = made
      return h(AssistantRuntimeProvider, { runtime: made })
    }
    const root = createRoot(page.element)
    root.render(h(App))
    const until: Seat['until'] = async (what, fits) => {
      const deadline = performance.now() + 30_000
      while (!fits()) {
        if (performance.now() > deadline) {
          throw new Error(`${what} never came: ${JSON.stringify([messagesOf(runtime), problems])}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const current = (): AssistantRuntime => {
      if (runtime === null) throw new Error('the page has no runtime')
      return runtime
    }
    try {
      await until('the runtime', () => runtime !== null)
      const { thread } = current()
      await until('the thread', () => extrasOf(thread.getState().extras) !== null)
      const extras = (): OpenCodeRuntimeExtras | null => extrasOf(thread.getState().extras)
      await use({
        runtime: current(),
        until,
        asks: () => ({
          permissions: Object.keys(extras()?.permissions ?? {}),
          questions: Object.keys(extras()?.questions ?? {}),
        }),
        allow: async (id) => extras()?.replyToPermission(id, 'once'),
        choose: async (id, answers) =>
          extras()?.replyToQuestion(
            id,
            answers.map((each) => [...each]),
          ),
      })
      return { messages: messagesOf(runtime), problems }
    } finally {
      root.unmount()
      // React ends its work in later tasks, which need the page.
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  } finally {
    page.close()
  }
}

/** What the runtime can do beside its thread; the hooks of the package read the same. */
function extrasOf(value: unknown): OpenCodeRuntimeExtras | null {
  return typeof value === 'object' && value !== null && 'replyToPermission' in value
    ? (value as OpenCodeRuntimeExtras)
    : null
}

function messagesOf(runtime: AssistantRuntime | null): readonly unknown[] {
  const messages = runtime?.thread.getState().messages ?? []
  return messages.map(({ role, content, status }) => ({ role, content, status }))
}

function isOver({ runtime }: Seat): boolean {
  const { messages, isRunning } = runtime.thread.getState()
  return !isRunning && messages.at(-1)?.role === 'assistant'
}

function shows({ runtime }: Seat, words: string): boolean {
  return JSON.stringify(messagesOf(runtime)).includes(words)
}

function flow(
  name: string,
  stage: Flow['stage'],
  use: (seat: Seat) => Promise<void>,
  isCore = false,
): Flow {
  return {
    name: `@assistant-ui/react-opencode: ${name}`,
    stage,
    isCore,
    run: (server) => seated(server, use),
  }
}

const write = tool.write({ filePath: 'notes.md', content: '# Notes\n' })
const colour = ask.question({ question: 'Which colour?', options: ['Red', 'Blue'] })

/** The runtime of assistant-ui, in a page without a browser. */
export const assistantUiFlows: readonly Flow[] = [
  flow(
    'two turns',
    {
      answers: [
        reply(reasoning('Let me see.'), text('Hello there.')),
        reply(write, text('Written.')),
      ],
    },
    async (seat) => {
      seat.runtime.thread.append('say hello')
      await seat.until('the first answer', () => shows(seat, 'Hello there.') && isOver(seat))
      seat.runtime.thread.append('write it')
      await seat.until('the second answer', () => shows(seat, 'Written.') && isOver(seat))
    },
  ),
  flow(
    'a write that asks',
    { answers: [reply(write, text('Written.'))], asksToEdit: true },
    async (seat) => {
      seat.runtime.thread.append('write it')
      await seat.until('the permission', () => seat.asks().permissions.length === 1)
      await seat.allow(seat.asks().permissions[0] ?? '')
      await seat.until('the answer', () => shows(seat, 'Written.') && isOver(seat))
    },
  ),
  flow('a question', { answers: [reply(colour, text('Blue it is.'))] }, async (seat) => {
    seat.runtime.thread.append('ask me')
    await seat.until('the question', () => seat.asks().questions.length === 1)
    await seat.choose(seat.asks().questions[0] ?? '', [['Blue']])
    await seat.until('the answer', () => shows(seat, 'Blue it is.') && isOver(seat))
  }),
  flow(
    'a cancel',
    { answers: [reply(text('Half '), gate('never'), text('whole'))] },
    async (seat) => {
      seat.runtime.thread.append('go on')
      await seat.until('half of it', () => shows(seat, 'Half'))
      seat.runtime.thread.cancelRun()
      await seat.until('the end', () => isOver(seat))
    },
  ),
]
