import { html, type Html } from '@turnstead/reply/turbo'
import { composer } from './composer.js'
import { icon } from './icons.js'
import { page, type Frame } from './layout.js'
import { turnArticle, type TurnView } from './turn.js'

export interface HomePage {
  readonly frame: Frame
  readonly suggestions: readonly string[]
}

export function homePage({ frame, suggestions }: HomePage): Html {
  const content = html`<section class="welcome">
    <h1>What shall we work on?</h1>
    ${composer({ conversationId: null, runningTurnId: null })}
    <form class="suggestions" method="post" action="/conversations" aria-label="Suggestions">
      ${suggestions.map((text) => html`<button name="prompt" value="${text}">${text}</button>`)}
    </form>
  </section>`
  return page({ title: 'Turnstead', kind: 'home', frame, content })
}

export interface ConversationPage {
  readonly frame: Frame
  readonly id: number
  readonly title: string
  readonly turns: readonly TurnView[]
  readonly hasOlderTurns: boolean
}

export function conversationPage(options: ConversationPage): Html {
  const { frame, id, title, turns, hasOlderTurns } = options
  const running = turns.find((turn) => turn.isOpen)
  // The stream repeats from the first turn that may still change, so that nothing is lost between this page and its connection.
  const from = running?.id ?? turns.at(-1)?.id ?? 0
  const content = html`<header class="topbar">
      <a class="back" href="/" aria-label="All conversations">${icon('back')}</a>
      <h1>${title}</h1>
      <span class="tag">${frame.model.label}</span>
    </header>
    <section class="turns" id="turns" aria-label="Messages">
      ${hasOlderTurns && html`<p class="kept">Older messages are not shown.</p>`}
      ${turns.map((turn) => turnArticle(turn))}
    </section>
    <div class="dock">
      <div class="connection" id="connection" role="status" hidden>
        <i class="pulse"></i> Connection lost. Trying again…
      </div>
      ${composer({ conversationId: id, runningTurnId: running?.id ?? null })}
    </div>
    <turbo-stream-source src="/conversations/${id}/stream?from=${from}"></turbo-stream-source>`
  return page({ title: `${title} · Turnstead`, kind: 'conversation', frame, content })
}

export function problemPage(frame: Frame, title: string, text: string): Html {
  const content = html`<section class="lost">
    <h1>${title}</h1>
    <p>${text}</p>
    <p><a href="/">Back to the conversations</a></p>
  </section>`
  return page({ title: `${title} · Turnstead`, kind: 'problem', frame, content })
}
