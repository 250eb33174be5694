import { html, trustedHtml, type Html, type HtmlValue } from '@turnstead/reply/turbo'
import type { ListedConversation } from '../rows/conversation-list.js'
import { agentBanner, modelNote, type AgentNote } from './agent-note.js'
import { icon } from './atoms/icons.js'
import { conversationList, costText, isAsking } from './conversation-list.js'

/** What the frame around every page shows. */
export interface Frame extends AgentNote {
  readonly conversations: readonly ListedConversation[]
  /** Words that the list was searched for. */
  readonly search: string
  readonly currentId: number | null
  /** What today's turns cost so far. */
  readonly costToday: number
  /** Who is logged in; null where there is no log-in. */
  readonly reader: Reader | null
  readonly now: number
}

/** Who reads a page. */
export interface Reader {
  readonly name: string
  /** The way out is a page of this application. */
  readonly mayLogOut: boolean
}

export interface PageOptions {
  readonly title: string
  readonly kind: 'home' | 'conversation' | 'problem'
  readonly frame: Frame
  readonly content: HtmlValue
  /** A browser without scripts asks again, since something goes on. */
  readonly refreshes?: boolean
}

/** Later ones have the last word. */
const styles = [
  ...['base', 'atoms', 'sidebar', 'topbar', 'layout'],
  ...['prose', 'code', 'turns', 'files', 'tools', 'asks'],
  ...['dock', 'composer', 'print'],
]

export function page({ title, kind, frame, content, refreshes = false }: PageOptions): Html {
  const asks = isAsking(frame.conversations)
  return html`${trustedHtml('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="turbo-cache-control" content="no-preview" />
        <title>${asks && '(!) '}${title}</title>
        <link
          id="favicon"
          rel="icon"
          href="/assets/${asks ? 'icon-asks.svg' : 'icon.svg'}"
          type="image/svg+xml"
        />
        ${styleLinks()}
        <script type="module" src="/assets/chat.js" data-turbo-track="reload"></script>
        ${refreshes && html`<noscript><meta http-equiv="refresh" content="3" /></noscript>`}
      </head>
      <body data-page="${kind}" data-reader="${frame.reader?.name ?? ''}">
        <a class="skip" href="#main">Skip to the conversation</a>
        <div class="shell">
          ${sidebar(frame)}
          <main class="page" id="main">${content}</main>
        </div>
      </body>
    </html>`
}

export function styleLinks(): Html {
  return html`<link rel="stylesheet" href="/assets/inter/index.css" />
    <link rel="stylesheet" href="/assets/newsreader/index.css" />
    ${styles.map(
      (name) =>
        html`<link rel="stylesheet" href="/assets/style/${name}.css" data-turbo-track="reload" />`,
    )}`
}

function sidebar(frame: Frame): Html {
  return html`<aside class="sidebar" aria-label="Overview">
    <a class="brand" href="/">${icon('home')} Turnstead</a>
    <a class="new" href="/" aria-keyshortcuts="Control+Shift+O Meta+Shift+O"
      >${icon('plus')} New conversation</a
    >
    ${conversationList(frame)}
    <footer class="about">
      <p class="spent"><span>Today</span> <b id="cost-today">${costText(frame.costToday)}</b></p>
      ${modelNote(frame)} ${frame.reader !== null && readerNote(frame.reader)}
    </footer>
  </aside>`
}

/** Above every prompt box. */
export function notices({ agent }: Frame): Html {
  return html`${agentBanner(agent)}
    <div class="banner" id="connection" role="status" hidden>
      <i class="spinner"></i> <span>Connection lost. Trying again…</span>
    </div>`
}

function readerNote({ name, mayLogOut }: Reader): Html {
  return html`<form class="reader" method="post" action="/log-out" data-turbo="false">
    <span>${name}</span> ${mayLogOut && html`<button class="quiet">Log out</button>`}
  </form>`
}
