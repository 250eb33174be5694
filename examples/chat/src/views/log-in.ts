import { html, trustedHtml, type Html } from '@turnstead/reply/turbo'
import { styleLinks } from './layout.js'

export interface LogInPage {
  /** Where to go then. */
  readonly to: string
  readonly problem: string | null
}

/** Asks for a name. */
export function logInPage({ to, problem }: LogInPage): Html {
  return html`${trustedHtml('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Log in · Turnstead</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        ${styleLinks()}
      </head>
      <body data-page="log-in">
        <main class="page" id="main">
          <section class="lost">
            <h1>Who are you?</h1>
            <p>A name is enough: this is the log-in for development.</p>
            <form class="log-in" method="post" action="/log-in">
              <input type="hidden" name="to" value="${to}" />
              <label>
                Your name
                <input name="name" maxlength="60" autocomplete="username" required autofocus />
              </label>
              ${problem !== null && html`<p class="problem" role="alert">${problem}</p>`}
              <button class="button">Log in</button>
            </form>
          </section>
        </main>
      </body>
    </html>`
}
