import { spawn } from '@lydell/node-pty'
import xterm from '@xterm/headless'

/** A program in a pseudo-terminal, with its screen. */
export interface TerminalProgram {
  /** Sends keys. */
  press(keys: string): void
  /** The screen's lines, without the blanks at their ends. */
  screen(): readonly string[]
  /** Waits until the screen shows a text, or fails with the screen as it is. */
  shows(wanted: string | RegExp, timeoutMs?: number): Promise<readonly string[]>
  /** Waits until the screen has not changed for a while. */
  still(quietMs?: number): Promise<readonly string[]>
  /** Ends the program; its exit code. */
  end(): Promise<number>
}

/** Starts a program in a terminal of 100 columns and 40 lines. */
export function startInTerminal(
  file: string,
  words: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): TerminalProgram {
  const terminal = new xterm.Terminal({ cols: 100, rows: 40, allowProposedApi: true })
  const child = spawn(file, [...words], {
    name: 'xterm-256color',
    cols: 100,
    rows: 40,
    cwd: options.cwd,
    env: { ...options.env, TERM: 'xterm-256color', COLORTERM: 'truecolor' },
  })
  const exited = new Promise<number>((resolve) => {
    child.onExit(({ exitCode }) => resolve(exitCode))
  })
  const watchers = new Set<() => void>()
  let changedAt = performance.now()
  let shown = ''
  const screen = (): readonly string[] => {
    const { active } = terminal.buffer
    return Array.from(
      { length: terminal.rows },
      (_, row) =>
        active
          .getLine(active.viewportY + row)
          ?.translateToString(true)
          .trimEnd() ?? '',
    )
  }
  child.onData((data) => {
    terminal.write(data, () => {
      const now = screen().join('\n')
      if (now === shown) return
      shown = now
      changedAt = performance.now()
      for (const watcher of watchers) watcher()
    })
  })
  // A program asks its terminal what it can do, and waits for the answer.
  terminal.onData((data) => child.write(data))

  const until = async (isDone: () => boolean, timeoutMs: number, what: string): Promise<void> => {
    const deadline = performance.now() + timeoutMs
    while (!isDone()) {
      if (performance.now() > deadline) {
        throw new Error(`The screen never showed ${what}:\n${screen().join('\n')}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50)
        watchers.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      watchers.clear()
    }
  }

  return {
    press: (keys) => child.write(keys),
    screen,
    async shows(wanted, timeoutMs = 60_000) {
      const fits = (): boolean =>
        typeof wanted === 'string' ? shown.includes(wanted) : wanted.test(shown)
      await until(fits, timeoutMs, String(wanted))
      return screen()
    },
    async still(quietMs = 600) {
      await until(() => performance.now() - changedAt >= quietMs, 60_000, 'the same for a while')
      return screen()
    },
    async end() {
      child.kill('SIGKILL')
      const code = await exited
      terminal.dispose()
      return code
    },
  }
}
