/** A server-sent event. */
export interface ReadEvent {
  readonly id: string | null
  readonly event: string
  readonly data: string
}

/** The events of a response, without a browser. */
export async function* readEvents(response: Response): AsyncGenerator<ReadEvent> {
  let rest = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true })
    const frames = rest.split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const field = (name: string): string | null =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? null
      const data = field('data')
      if (data !== null) yield { id: field('id'), event: field('event') ?? 'message', data }
    }
  }
}
