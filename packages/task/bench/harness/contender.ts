/** One way to use OpenCode from a host, for the comparison. */
export interface Contender {
  readonly name: string
  /** Until a prompt can be given. */
  start(): Promise<void>
  /** Asks; calls back at each piece of text, and resolves to how it ended, in a few words. */
  ask(prompt: string, onDelta: (text: string) => void): Promise<string>
  close(): Promise<void>
}

/** What a contender is started with. */
export interface Setting {
  /** Of the scripted model, with OpenAI's interface. */
  readonly modelUrl: string
  readonly binary: string
  /** An empty folder. */
  readonly folder: string
}
