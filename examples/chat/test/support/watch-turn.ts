import type { Page } from 'playwright-core'

/** What a page showed of a turn, again and again. */
export interface Sight {
  /** Milliseconds of the page's own clock. */
  readonly at: number
  readonly text: string
  readonly standing: string
  /** The page says that its connection is lost. */
  readonly isLost: boolean
}

/** Looks at a turn of the page many times a second, from inside of it. As text: what a compiler adds is not there. */
export async function watchTurn(page: Page, number: number): Promise<void> {
  await page.evaluate(`{
    const textOf = (element) => (element?.textContent ?? '').replaceAll(/\\s+/g, ' ').trim()
    window.seen = []
    const look = () => {
      const turn = document.querySelectorAll('.turn')[${number}]
      const texts = [...(turn?.querySelectorAll('.text') ?? [])].map(textOf)
      const standing = textOf(turn?.querySelector('.standing'))
      const isLost = document.documentElement.hasAttribute('data-connection-lost')
      window.seen.push({ at: performance.now(), text: texts.join(' '), standing, isLost })
    }
    look()
    setInterval(look, 25)
  }`)
}

export async function sightsOf(page: Page): Promise<readonly Sight[]> {
  return await page.evaluate('window.seen')
}

/** How much of the turn the page shows, in characters. */
export async function lengthNow(page: Page): Promise<number> {
  return await page.evaluate('window.seen.at(-1).text.length')
}

/** Resolves when the page shows more of the turn than so many characters. */
export async function untilLonger(
  page: Page,
  length: number,
  { withinMs = 60_000 }: { readonly withinMs?: number } = {},
): Promise<void> {
  const from = Date.now()
  while ((await lengthNow(page)) <= length) {
    if (Date.now() - from > withinMs) {
      const last = (await sightsOf(page)).at(-1)
      throw new Error(
        `the page stands still: ${JSON.stringify({ ...last, text: last?.text.length })}`,
      )
    }
    await page.waitForTimeout(25)
  }
}

/** The time of the page's own clock. */
export async function pageTime(page: Page): Promise<number> {
  return await page.evaluate('performance.now()')
}

/** The longest time in which the page stood still and looked as if the agent was being heard, in milliseconds. */
export function longestPretence(sights: readonly Sight[]): {
  readonly ms: number
  readonly example: Sight | null
} {
  let shown = -1
  return longestWrong(sights, ({ text, standing, isLost }) => {
    const hasGrown = text.length > shown
    shown = Math.max(shown, text.length)
    return hasGrown || isLost || !/^(Writing|Thinking|Working|Starting)/.test(standing)
  })
}

/** The longest time in which the page showed what was not so, in milliseconds. */
export function longestWrong(
  sights: readonly Sight[],
  isRight: (sight: Sight) => boolean,
): { readonly ms: number; readonly example: Sight | null } {
  let [ms, since, example] = [0, null as number | null, null as Sight | null]
  for (const sight of sights) {
    if (isRight(sight)) since = null
    else {
      since ??= sight.at
      if (sight.at - since >= ms) [ms, example] = [sight.at - since, sight]
    }
  }
  return { ms, example }
}
