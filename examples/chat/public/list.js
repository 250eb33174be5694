import { visit } from '/assets/turbo/turbo.es2017-esm.js'

// The page's title and icon say what the list says, also in a tab that is not looked at.
const list = () => document.getElementById('conversations')

function show() {
  const items = list()
  if (!items) return
  for (const link of items.querySelectorAll('a')) {
    if (link.pathname === location.pathname) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  const asks = items.querySelector('.badge[data-state="asks"]') !== null
  const runs = items.querySelector('[aria-current] .badge[data-state="runs"]') !== null
  const title = document.querySelector('.topbar h1')
  const base = title ? `${title.textContent} · Turnstead` : document.title.replace(/^\([!…]\) /, '')
  document.title = `${asks ? '(!) ' : runs ? '(…) ' : ''}${base}`
  const icon = document.getElementById('favicon')
  const name = asks ? 'icon-asks' : runs ? 'icon-runs' : 'icon'
  const href = `/assets/${name}.svg`
  if (icon && icon.getAttribute('href') !== href) icon.setAttribute('href', href)
}

const changes = new MutationObserver(show)

document.addEventListener('turbo:load', () => {
  changes.disconnect()
  for (const each of [list(), document.querySelector('.topbar h1')]) {
    if (each) changes.observe(each, { childList: true, subtree: true, characterData: true })
  }
  show()
})

document.addEventListener('chat:listed', ({ detail: { ids } }) => {
  const items = ids ? [...(list()?.children ?? [])] : []
  for (const item of items) if (!ids.includes(Number(item.id.split('-')[1]))) item.remove()
})

// What was written in last is first. One that only ended stays where it is, and so does what the reader has focused.
document.addEventListener('turbo:before-stream-render', (event) => {
  const stream = event.target
  if (stream.action !== 'prepend' || stream.target !== 'conversations') return
  const item = stream.querySelector('template')?.content.firstElementChild
  const items = list()
  if (!item || !items) return
  const timeOf = (each) => each?.querySelector('time')?.dateTime ?? ''
  const isThere = document.getElementById(item.id) !== null
  const first = items.firstElementChild
  const isSearched = document.getElementById('search')?.defaultValue !== ''
  const isNewest = first?.id !== item.id && timeOf(item) > timeOf(first)
  if (isThere ? !isNewest : isSearched) event.preventDefault()
})

// Removed in another tab: of what is shown here there is nothing any more.
document.addEventListener('turbo:before-stream-render', ({ target: { action, target } }) => {
  const { conversation } = document.getElementById('live')?.dataset ?? {}
  if (action === 'remove' && conversation && target === `conversation-${conversation}`) visit('/')
})
