import { visit } from '/assets/turbo/turbo.es2017-esm.js'

const isMac = /Mac|iPhone|iPad/.test(navigator.platform)

document.addEventListener('keydown', (event) => {
  const isCommand = isMac ? event.metaKey : event.ctrlKey
  if (isCommand && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    const search = document.getElementById('search')
    // On a phone the list is on the first page.
    if (search?.offsetParent) search.select()
    else visit('/')
  } else if (isCommand && event.shiftKey && event.key.toLowerCase() === 'o') {
    event.preventDefault()
    visit('/')
  } else if (event.key === 'Escape' && !event.isComposing && !event.defaultPrevented) escape(event)
})

/** First it closes what is open, then it stops what runs. */
function escape(event) {
  const menu = document.querySelector('details.menu[open]')
  if (menu) {
    menu.open = false
    menu.querySelector('summary').focus()
    return
  }
  const editing = document.getElementById('editing')
  if (editing?.hidden === false) return editing.querySelector('[data-cancel-edit]').click()
  if (event.target.closest?.('.ask, .search')) return event.target.blur()
  document.querySelector('#composer [data-kind="stop"]:not(:disabled)')?.click()
}

document.addEventListener('turbo:load', () => {
  const hint = document.querySelector('.search kbd')
  if (hint) hint.textContent = isMac ? '⌘K' : 'Ctrl K'
})
