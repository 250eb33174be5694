import { html, trustedHtml, type Html, type HtmlValue } from '@turnstead/reply/turbo'
import type { AgentState, ModelInfo } from '../agent/state.js'
import { formatAge } from './format.js'
import { icon } from './icons.js'

/** What the frame around every page shows. */
export interface Frame {
  readonly conversations: readonly {
    readonly id: number
    readonly title: string
    readonly at: number
  }[]
  readonly currentId: number | null
  readonly model: ModelInfo
  readonly agent: AgentState
  readonly now: number
}

export interface PageOptions {
  readonly title: string
  readonly kind: 'home' | 'conversation' | 'problem'
  readonly frame: Frame
  readonly content: HtmlValue
}

export function page({ title, kind, frame, content }: PageOptions): Html {
  return html`${trustedHtml('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="turbo-cache-control" content="no-preview" />
        <title>${title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/inter/index.css" />
        <link rel="stylesheet" href="/assets/newsreader/index.css" />
        <link rel="stylesheet" href="/assets/app.css" data-turbo-track="reload" />
        <script type="module" src="/assets/chat.js" data-turbo-track="reload"></script>
      </head>
      <body data-page="${kind}">
        <a class="skip" href="#main">Skip to the conversation</a>
        <div class="shell">
          ${sidebar(frame)}
          <main class="page" id="main">${content}</main>
        </div>
      </body>
    </html>`
}

function sidebar(frame: Frame): Html {
  return html`<aside class="sidebar">
    <a class="brand" href="/">${icon('home')} Turnstead</a>
    <a class="new" href="/">${icon('plus')} New conversation</a>
    <nav class="conversations" aria-label="Conversations">
      ${frame.conversations.length > 0 && html`<h2>Conversations</h2>`}
      <ul>
        ${frame.conversations.map(
          ({ id, title, at }) =>
            html`<li>
              <a
                href="/conversations/${id}"
                ${id === frame.currentId && trustedHtml('aria-current="page"')}
              >
                <span>${title}</span>
                <time datetime="${new Date(at).toISOString()}">${formatAge(at, frame.now)}</time>
              </a>
            </li>`,
        )}
      </ul>
    </nav>
    ${modelNote(frame)}
  </aside>`
}

/** Which model answers, and whether its server runs; replaced when that changes. */
export function modelNote({ model, agent }: Pick<Frame, 'model' | 'agent'>): Html {
  return html`<footer class="model" id="model">
    <strong><i class="lamp" data-state="${agent}"></i> ${troubles[agent] ?? model.label}</strong>
    ${model.hint !== null && html`<p>${model.hint}</p>`}
  </footer>`
}

const troubles: Readonly<Record<AgentState, string | null>> = {
  up: null,
  restarting: 'OpenCode is restarting',
  down: 'OpenCode does not run',
}
