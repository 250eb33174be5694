import { html, trustedHtml, turboStream, type Html } from '@turnstead/reply/turbo'
import type { ConversationState, ListedConversation } from '../rows/conversation-list.js'
import { formatAge, formatCost } from './atoms/format.js'
import { icon } from './atoms/icons.js'

export interface ConversationListView {
  readonly conversations: readonly ListedConversation[]
  readonly currentId: number | null
  /** Words that the list was searched for; empty for all of it. */
  readonly search: string
  readonly now: number
}

export function conversationList({
  conversations,
  currentId,
  search,
  now,
}: ConversationListView): Html {
  return html`<nav class="conversations" aria-label="Conversations">
    <form class="search" role="search" action="/" method="get">
      ${icon('search')}
      <label class="visually-hidden" for="search">Search conversations</label>
      <input
        id="search"
        type="search"
        name="q"
        value="${search}"
        placeholder="Search"
        maxlength="200"
        autocomplete="off"
        aria-keyshortcuts="Control+K Meta+K"
      />
      <kbd aria-hidden="true"></kbd>
    </form>
    <p class="kept" id="found" role="status">${found(conversations.length, search)}</p>
    <ul id="conversations">
      ${conversations.map((each) => conversationItem(each, { isCurrent: each.id === currentId, now }))}
    </ul>
  </nav>`
}

function found(count: number, search: string): Html | null {
  if (search === '') return null
  return html`${count === 0 ? 'Nothing' : count} found for “${search}”. <a href="/">Show all</a>`
}

/** Brings the list of a page to what a search has found; to all of it for no words. */
export function searchChanges({
  conversations,
  search,
  now,
}: Omit<ConversationListView, 'currentId'>): Html {
  const items = conversations.map((each) => conversationItem(each, { now }))
  const note = found(conversations.length, search) ?? html``
  return html`${turboStream('update', 'found', note)} ${turboStream('update', 'conversations', html`${items}`)}`
}

interface ItemOptions {
  readonly isCurrent?: boolean
  readonly now: number
}

function conversationItem(each: ListedConversation, { isCurrent = false, now }: ItemOptions): Html {
  return html`<li id="${itemId(each.id)}">
    <a
      id="${linkId(each.id)}"
      href="/conversations/${each.id}"
      ${isCurrent && trustedHtml('aria-current="page"')}
      >${inside(each, now)}</a
    >
  </li>`
}

function inside({ title, at, state }: ListedConversation, now: number): Html {
  return html`<span class="what" dir="auto">${title}</span>${badge(state)}
    <time datetime="${new Date(at).toISOString()}" data-age>${formatAge(at, now)}</time>`
}

function badge(state: ConversationState): Html | null {
  if (state === 'idle') return null
  const mark =
    state === 'runs' ? html`<i class="spinner"></i>` : state === 'asks' ? '!' : icon('warning')
  return html`<span class="badge" data-state="${state}"
    ><span aria-hidden="true">${mark}</span
    ><span class="visually-hidden">, ${said[state]}</span></span
  >`
}

const said: Readonly<Record<Exclude<ConversationState, 'idle'>, string>> = {
  asks: 'waits for your answer',
  runs: 'at work',
  failed: 'failed',
}

/** Brings the list of every open page to where a conversation stands now; the script puts a new one, or one that was written in, first. */
export function itemChanges(each: ListedConversation, now: number): Html[] {
  return [
    turboStream('prepend', 'conversations', conversationItem(each, { now })),
    turboStream('update', linkId(each.id), inside(each, now)),
    turboStream('update', `conversation-${each.id}-title`, html`${each.title}`),
    turboStream('update', `conversation-${each.id}-cost`, costText(each.cost)),
  ]
}

/** A conversation that is gone. */
export function itemRemoval(id: number): Html {
  return turboStream('remove', itemId(id))
}

export function dayCostChange(cost: number): Html {
  return turboStream('update', 'cost-today', costText(cost))
}

/** Nothing where nothing was paid: many models cost nothing. */
export function costText(cost: number): Html {
  return cost > 0 ? html`${formatCost(cost)}` : html``
}

/** Whether any of them waits for the reader: the page's title and icon say so too. */
export function isAsking(conversations: readonly ListedConversation[]): boolean {
  return conversations.some(({ state }) => state === 'asks')
}

const itemId = (id: number): string => `conversation-${id}`
const linkId = (id: number): string => `conversation-${id}-link`
