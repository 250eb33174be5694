import type { ReasoningPart, ReplyPart, ReplySource, ReplyView, TextPart } from '@turnstead/reply'

/**
 * The same reply, without texts of which pieces were missed, until the turn is over: a worker that takes a turn over hears of a text from its middle on, and has the
 * rest when the text ends. Until then such a text stays as it was shown, or is not shown.
 */
export function withoutHoles(source: ReplySource, isOver: () => boolean): ReplySource {
  const texts = new Map<string, string>()
  const mended = new Map<string, { readonly from: ReplyPart; readonly to: ReplyPart }>()
  let seen: ReplyView | null = null
  let shown: ReplyView | null = null
  let wasOver = false

  const mend = (part: ReplyPart): ReplyPart => {
    if (part.kind !== 'text' && part.kind !== 'reasoning') return part
    if (wasOver || !hasHole(part)) {
      texts.set(part.id, part.text)
      return part
    }
    const known = mended.get(part.id)
    if (known?.from === part) return known.to
    const to = { ...part, lost: false, text: texts.get(part.id) ?? '' }
    mended.set(part.id, { from: part, to })
    return to
  }

  return {
    ...(source.name !== undefined && { name: source.name }),
    get sessionId() {
      return source.sessionId
    },
    get promptId() {
      return source.promptId
    },
    get directory() {
      return source.directory ?? null
    },
    get revision() {
      return source.revision
    },
    view() {
      const view = source.view()
      if (view === seen && shown !== null && isOver() === wasOver) return shown
      seen = view
      wasOver = isOver()
      const children = view.children.map((child) => ({ ...child, parts: child.parts.map(mend) }))
      shown = { ...view, parts: view.parts.map(mend), children }
      return shown
    },
    outcome: (options) => source.outcome(options),
    observe: (observer) => source.observe(observer),
  }
}

/**
 * Whether pieces of a text were missed that may still come. Its end may be what was missed: then it looks as if the server had lost it,
 * until the server is asked. Only what was written anew is lost for certain, or what is missing when the turn is over.
 */
export function hasHole({ gapped, final, lost, superseded }: TextPart | ReasoningPart): boolean {
  return gapped && !final && !(lost && superseded)
}
