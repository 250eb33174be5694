/** A part of a reply, as far as it says whether an agent works. */
export interface WorkingPart {
  readonly kind: string
  /** Of a tool: how far the call is. */
  readonly status?: unknown
}

/** What an agent does, as it can be seen. A `Reply` of `@turnstead/reply` is one, which `onReply` of a turn hands over. */
export interface WorkingReply {
  view(): {
    readonly parts: readonly WorkingPart[]
    /** Sub-agents. */
    readonly children: readonly { readonly parts: readonly WorkingPart[] }[]
  }
  /** Calls back for each change; the result ends that. */
  observe(observer: { changed(): void }): () => void
}

/** Whether no tool runs or is about to: then only programs that were left running write. */
export function isAtRest(reply: WorkingReply): boolean {
  const { parts, children } = reply.view()
  return [parts, ...children.map((child) => child.parts)].every((each) =>
    each.every(({ kind, status }) => kind !== 'tool' || !isOpen(status)),
  )
}

function isOpen(status: unknown): boolean {
  return status === 'pending' || status === 'running'
}
