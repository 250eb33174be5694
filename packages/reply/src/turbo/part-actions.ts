import type { ReplyPart, ReasoningPart, TextPart } from '../records/part.js'
import type { ReplyView, SubAgent } from '../records/reply-view.js'
import { element, turboStream } from './action.js'
import { html, toText } from './html.js'
import type { Html } from './html.js'
import { createLiveText, tailId } from './live-text.js'
import type { LiveText } from './live-text.js'
import { movedFrom } from './moved.js'
import { isSameWork, subAgentsByCall } from './sub-agents.js'
import type { PartContext, TurboTemplates } from './templates.js'

/** A text of more characters is not rendered once more at its end: a page would stand still for that. */
const longText = 20_000

interface Shown {
  readonly part: ReplyPart
  readonly subAgents: readonly SubAgent[]
  /** False when its template shows nothing, so that it has no element. */
  readonly hasElement: boolean
  /** True when its growing text is changed in place. */
  readonly isLive: boolean
}

export interface PartActionsOptions {
  readonly prefix: string
  readonly templates: TurboTemplates
  /** Renders a text; without it each change renders the whole part again. */
  readonly renderText: ((source: string) => Html) | null
}

/** Knows what the pages show of each part, and changes only what differs. */
export class PartActions {
  readonly #options: PartActionsOptions
  #shown = new Map<string, Shown>()
  readonly #texts = new Map<string, LiveText>()

  constructor(options: PartActionsOptions) {
    this.#options = options
  }

  /** All parts, for a new page; what other pages were sent must have been brought up to date before. */
  page(view: ReplyView): readonly Html[] {
    const subAgents = subAgentsByCall(view)
    return this.#step(view, (shown) =>
      view.parts.flatMap((part) => {
        this.#growth(part)
        const context = this.#contextOf(part, subAgents(part))
        const inside = this.#show(part, context, shown)
        return inside === null ? [] : [element(context.elementId, inside)]
      }),
    )
  }

  next(view: ReplyView): readonly Html[] {
    const subAgents = subAgentsByCall(view)
    return this.#step(view, (shown) => {
      const before = this.#shown
      const staying = view.parts.filter(({ id }) => before.get(id)?.hasElement === true)
      const moved = movedFrom(
        [...before.keys()],
        staying.map(({ id }) => id),
      )
      let previousId: string | null = null
      const actions = view.parts.flatMap((part) => {
        const known = before.get(part.id)
        const agents = subAgents(part)
        const isMoved = moved.has(part.id)
        const isSame = known?.part === part && !isMoved && isSameWork(known.subAgents, agents)
        if (isSame) shown.set(part.id, known)
        const taken = isMoved ? [turboStream('remove', this.#elementId(part.id))] : []
        const brought = isSame
          ? []
          : this.#bring(part, agents, isMoved ? undefined : known, previousId, shown)
        if (shown.get(part.id)?.hasElement === true) previousId = part.id
        return [...taken, ...brought]
      })
      for (const [id, { hasElement }] of before)
        if (hasElement && !moved.has(id) && shown.get(id)?.hasElement !== true)
          actions.push(turboStream('remove', this.#elementId(id)))
      return actions
    })
  }

  /** Nothing is noted as shown before all of it was made: what a template fails to show is shown the next time. */
  #step(view: ReplyView, make: (shown: Map<string, Shown>) => readonly Html[]): readonly Html[] {
    const shown = new Map<string, Shown>()
    try {
      const made = make(shown)
      this.#shown = shown
      const ids = new Set(view.parts.map(({ id }) => id))
      for (const id of this.#texts.keys()) if (!ids.has(id)) this.#texts.delete(id)
      return made
    } catch (error) {
      // What these say of the pages may not be true any more.
      this.#texts.clear()
      for (const [id, known] of this.#shown) this.#shown.set(id, { ...known, isLive: false })
      throw error
    }
  }

  #bring(
    part: ReplyPart,
    subAgents: readonly SubAgent[],
    known: Shown | undefined,
    previousId: string | null,
    shown: Map<string, Shown>,
  ): readonly Html[] {
    const { templates, prefix } = this.#options
    const ending = known === undefined ? null : this.#endOfLongText(part, known)
    if (ending !== null && known !== undefined) {
      shown.set(part.id, { ...known, part, isLive: false })
      return ending
    }
    const growth = this.#growth(part)
    if (known?.isLive === true && growth !== null) {
      shown.set(part.id, { ...known, part })
      return growth
    }
    const context = this.#contextOf(part, subAgents)
    const inside = this.#show(part, context, shown)
    if (inside === null) return []
    const { elementId } = context
    if (known?.hasElement === true) {
      const update = known.isLive ? null : (templates.partUpdate?.(part, context) ?? null)
      return [update ?? turboStream('replace', elementId, element(elementId, inside))]
    }
    const content = element(elementId, inside)
    if (previousId === null) return [turboStream('prepend', `${prefix}-parts`, content)]
    return [turboStream('after', this.#elementId(previousId), content)]
  }

  #show(part: ReplyPart, context: PartContext, shown: Map<string, Shown>): Html | null {
    const inside = this.#options.templates.part(part, context)
    const isLive = this.#isLive(part, context, inside)
    const { subAgents } = context
    shown.set(part.id, { part, subAgents, hasElement: inside !== null, isLive })
    return inside
  }

  /** How the text grew since the last time; `null` when it is not one that is being written. */
  #growth(part: ReplyPart): readonly Html[] | null {
    const { renderText } = this.#options
    if (renderText === null || !isBeingWritten(part)) {
      this.#texts.delete(part.id)
      return null
    }
    const growth = this.#texts.get(part.id)?.update(part.text) ?? null
    if (growth !== null) return growth
    const fresh = createLiveText(`${this.#elementId(part.id)}-text`, renderText)
    fresh.update(part.text)
    this.#texts.set(part.id, fresh)
    return null
  }

  /** Only the rest of a long text that was changed in place, where nothing else of its part differs from before. */
  #endOfLongText(part: ReplyPart, known: Shown): readonly Html[] | null {
    if (part.kind !== 'text' && part.kind !== 'reasoning') return null
    const { id, text } = part
    const live = this.#texts.get(id)
    if (!known.isLive || live === undefined || isBeingWritten(part)) return null
    if (text.length <= longText) return null
    const context = { elementId: this.#elementId(id), content: html`…`, subAgents: [] }
    const frameOf = (each: ReplyPart): string => toText(this.#options.templates.part(each, context))
    if (frameOf(known.part) !== frameOf(part)) return null
    const changes = live.end(text)
    if (changes !== null) this.#texts.delete(id)
    return changes
  }

  #contextOf(part: ReplyPart, subAgents: readonly SubAgent[]): PartContext {
    const elementId = this.#elementId(part.id)
    if (part.kind !== 'text' && part.kind !== 'reasoning') {
      return { elementId, content: null, subAgents }
    }
    const live = this.#texts.get(part.id)
    return { elementId, content: live?.view() ?? this.#rendered(part), subAgents }
  }

  #rendered({ kind, text }: TextPart | ReasoningPart): Html {
    const { renderText } = this.#options
    return renderText === null ? plainText(kind, text) : renderText(text)
  }

  /** A template may leave a text out while it is empty; then its elements are not in the page. */
  #isLive(part: ReplyPart, { elementId }: PartContext, inside: Html | null): boolean {
    if (!this.#texts.has(part.id)) return false
    return toText(inside).includes(toText(tailId(`${elementId}-text`)))
  }

  #elementId(partId: string): string {
    return `${this.#options.prefix}-${partId}`
  }
}

/** The server has not stated the whole text yet, and still may. */
function isBeingWritten(part: ReplyPart): part is TextPart | ReasoningPart {
  if (part.kind !== 'text' && part.kind !== 'reasoning') return false
  return !part.final && !part.lost && !part.superseded
}

function plainText(kind: 'text' | 'reasoning', text: string): Html {
  return kind === 'text' ? html`<p>${text}</p>` : html`${text}`
}
