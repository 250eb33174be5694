import { existsSync } from 'node:fs'
import { findOpencodeBinary, machineFactor } from '@turnstead/testkit/opencode'
import { type Browser, chromium, type Page } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Path of a Chromium, from `CHROMIUM_PATH` or where Linux distributions put it. */
function findBrowser(): string | null {
  const given = process.env['CHROMIUM_PATH']
  return [...(given ? [given] : []), ...places].find((path) => existsSync(path)) ?? null
}

/** How long a page may take for what a test waits for, on a calm machine. */
const waitMs = 60_000

/** A browser whose pages have as much more time as the machine is busy. */
export async function launchBrowser(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--headless',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  browser.on('context', (context) => context.setDefaultTimeout(waitMs * machineFactor()))
  return browser
}

/** What a test of an example needs on this machine. */
export interface LiveTools {
  /** Path of `opencode`; null where there is none. */
  readonly binary: string | null
  /** Path of a Chromium; null where there is none. */
  readonly browser: string | null
  /** Why the test in a browser has to be skipped; empty when it need not. */
  readonly missing: string
}

/** Looks for the real server and a browser, and says loudly what is not there. */
export function findLiveTools(example: string): LiveTools {
  const [binary, browser] = [findOpencodeBinary(), findBrowser()]
  const missing = [
    binary === null ? 'no opencode executable for this platform' : null,
    browser === null ? 'no Chromium; install one or set CHROMIUM_PATH' : null,
  ]
    .filter((reason) => reason !== null)
    .join('; ')
  if (missing !== '') console.warn(`SKIPPED: the browser test of ${example} (${missing})`)
  return { binary, browser, missing }
}

/** Errors that the page meets from now on, but those that `expected` fits. */
export function collectProblems(page: Page, expected?: RegExp): readonly string[] {
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (message.type() !== 'error' || expected?.test(message.text())) return
    problems.push(message.text())
  })
  return problems
}
