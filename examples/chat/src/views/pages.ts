import { html, turboStream, type Html } from '@turnstead/reply/turbo'
import type { Choices } from '../agent/choices.js'
import { icon } from './atoms/icons.js'
import { composer, type EditedMessage, sendKey } from './composer.js'
import { contextMeter } from './context-meter.js'
import { costText } from './conversation-list.js'
import { notices, page, type Frame } from './layout.js'
import { turnArticle, type TurnView } from './turn.js'

export interface HomePage {
  readonly frame: Frame
  readonly suggestions: readonly string[]
  readonly choices: Choices
}

export function homePage({ frame, suggestions, choices }: HomePage): Html {
  const chosen = { model: null, agent: null }
  const content = html`<section class="welcome">
    <h1>What shall we work on?</h1>
    ${notices(frame)} ${composer({ conversationId: null, runningTurnId: null, choices, chosen })}
    <form class="suggestions" method="post" action="/conversations" aria-label="Suggestions">
      ${sendKey()} ${suggestions.map((text) => html`<button name="prompt" value="${text}">${text}</button>`)}
    </form>
  </section>`
  const refreshes = frame.conversations.some(({ state }) => state === 'runs')
  return page({ title: 'Turnstead', kind: 'home', frame, content, refreshes })
}

export interface ConversationPage {
  readonly frame: Frame
  readonly id: number
  readonly title: string
  /** What it cost so far. */
  readonly cost: number
  readonly turns: readonly TurnView[]
  /** The turn that the stop button stops; null when all are over. */
  readonly runningTurnId: number | null
  readonly hasOlderTurns: boolean
  readonly choices: Choices
  /** What was chosen for the newest message. */
  readonly chosen: { readonly model: string | null; readonly agent: string | null }
  /** Up to where the turns are shown, for the stream; null where that is not known. */
  readonly place: string | null
  /** The message that is asked again in other words. */
  readonly edited: EditedMessage | null
}

export function conversationPage(options: ConversationPage): Html {
  const { frame, id, title, turns, hasOlderTurns, choices, chosen, edited, place } = options
  const { runningTurnId } = options
  // The stream repeats from the first turn that may still change, so that nothing is lost between this page and its connection.
  const from = turns.find((turn) => turn.mayChange)?.id ?? (turns.at(-1)?.id ?? 0) + 1
  const content = html`${topBar(options)}
    <section class="turns" id="turns" aria-label="Messages">
      ${hasOlderTurns && olderTurns(id, turns[0]?.id ?? 0)}
      ${turns.map((turn) => turnArticle(turn))}
    </section>
    <div class="dock">
      <button type="button" class="to-newest" id="to-newest" hidden>
        ${icon('down')} <span>Newest</span>
      </button>
      ${notices(frame)}
      ${composer({
        conversationId: id,
        runningTurnId,
        choices,
        chosen,
        edited,
      })}
      <form id="stop" method="post" hidden></form>
    </div>
    <div id="live" data-conversation="${id}" data-from="${from}" data-at="${place}" hidden></div>`
  return page({
    title: `${title} · Turnstead`,
    kind: 'conversation',
    frame,
    content,
    refreshes: runningTurnId !== null || turns.some((turn) => turn.isOpen),
  })
}

function topBar({ frame, id, title, cost, turns }: ConversationPage): Html {
  const counted = turns.findLast(({ isReplaced, context }) => !isReplaced && context !== null)
  return html`<header class="topbar">
    <div class="column">
      <a class="back" href="/" aria-label="All conversations">${icon('back')}</a>
      <h1 id="conversation-${id}-title" dir="auto">${title}</h1>
      <span class="tag">${frame.model.label}</span>
      ${contextMeter(id, counted?.context ?? null)}
      <span class="spent" title="What this conversation cost so far"
        ><span class="visually-hidden">Cost so far: </span
        ><b id="conversation-${id}-cost">${costText(cost)}</b></span
      >
      ${menu(id, title)}
    </div>
  </header>`
}

/** Opens without scripts as well; deleting asks once more. */
function menu(id: number, title: string): Html {
  return html`<details class="menu" id="menu">
    <summary aria-label="Rename or delete">${icon('dots')}</summary>
    <div class="panel">
      <form method="post" action="/conversations/${id}/title">
        <label for="title">Title</label>
        <input id="title" name="title" value="${title}" maxlength="200" required dir="auto" />
        <button>Rename</button>
      </form>
      <details class="delete" id="delete">
        <summary>${icon('trash')} Delete…</summary>
        <form method="post" action="/conversations/${id}/delete">
          <p>All messages and files of it are lost. What runs is stopped.</p>
          <button class="danger">Delete for good</button>
        </form>
      </details>
    </div>
  </details>`
}

/** Fetched when the reader goes back so far; without scripts a page of its own. */
function olderTurns(conversationId: number, beforeId: number): Html {
  return html`<form
    class="older"
    id="older"
    method="get"
    action="/conversations/${conversationId}/older"
    data-turbo-stream
  >
    <button name="before" value="${beforeId}">Show older messages</button>
  </form>`
}

/** Older turns above those that a page shows already. */
export function olderChanges(
  conversationId: number,
  turns: readonly TurnView[],
  hasOlder: boolean,
): Html[] {
  const first = turns[0]?.id ?? 0
  return [
    turboStream('remove', 'older'),
    turboStream(
      'prepend',
      'turns',
      html`${hasOlder && olderTurns(conversationId, first)} ${turns.map((turn) => turnArticle(turn))}`,
    ),
  ]
}

/** The same as a page of its own. */
export function olderPage(
  frame: Frame,
  {
    id,
    title,
    turns,
    hasOlderTurns,
  }: Pick<ConversationPage, 'id' | 'title' | 'turns' | 'hasOlderTurns'>,
): Html {
  const content = html`<header class="topbar">
      <div class="column">
        <a class="back always" href="/conversations/${id}" aria-label="Newest messages">${icon('back')}</a>
        <h1 dir="auto">${title}</h1>
      </div>
    </header>
    <section class="turns" aria-label="Older messages">
      ${hasOlderTurns && olderTurns(id, turns[0]?.id ?? 0)} ${turns.map((turn) => turnArticle(turn))}
    </section>`
  return page({ title: `${title} · Turnstead`, kind: 'conversation', frame, content })
}

/** @param again - Where the same can be tried once more; null where that makes no sense. */
export function problemPage(
  frame: Frame,
  title: string,
  text: string,
  again: string | null = null,
): Html {
  const content = html`<section class="lost">
    <h1>${title}</h1>
    <p>${text}</p>
    <p class="ways">
      ${again !== null && html`<a class="button" href="${again}">Try again</a>`}
      <a class="button" href="/">Back to the conversations</a>
    </p>
  </section>`
  return page({ title: `${title} · Turnstead`, kind: 'problem', frame, content })
}
