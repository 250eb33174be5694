// The list is searched as one types, beside what is read. Without scripts Enter asks for a page.
import { renderStreamMessage, visit } from '/assets/turbo/turbo.es2017-esm.js'

const streams = 'text/vnd.turbo-stream.html'
/** From one letter to the next. */
const pauseMs = 150
const box = () => document.getElementById('search')
let asked = null
let timer

function findSoon(ms = pauseMs) {
  clearTimeout(timer)
  timer = setTimeout(find, ms)
}

async function find() {
  clearTimeout(timer)
  asked?.abort()
  const { form, value } = box() ?? {}
  if (!form) return
  const { signal } = (asked = new AbortController())
  try {
    const url = `${form.action}?${new URLSearchParams({ q: value })}`
    const response = await fetch(url, { headers: { accept: streams }, signal })
    // Says what became of a message, not of a search.
    if (response.status >= 500) throw new Error(`status ${response.status}`)
    // Who is not logged in any more gets another page.
    if (!response.headers.get('content-type')?.startsWith(streams)) return visit(url)
    const changes = await response.text()
    if (signal.aborted || !box()) return
    box().defaultValue = value
    renderStreamMessage(changes)
  } catch {
    const note = document.getElementById('found')
    if (!signal.aborted && note) note.textContent = 'The search was not answered. Try again.'
  }
}

function showAll() {
  box().value = ''
  void find()
}

document.addEventListener('input', ({ target, isComposing }) => {
  if (target.id === 'search' && !isComposing) findSoon()
})

document.addEventListener('compositionend', ({ target }) => {
  if (target.id === 'search') findSoon()
})

document.addEventListener('submit', (event) => {
  if (!event.target.matches('.search')) return
  event.preventDefault()
  void find()
})

document.addEventListener('keydown', ({ key, target, isComposing }) => {
  if (key === 'Escape' && !isComposing && target.id === 'search' && target.value !== '') showAll()
})

document.addEventListener('click', (event) => {
  if (!event.target.closest('#found a')) return
  event.preventDefault()
  box().focus()
  showAll()
})

// A page that was brought to now has the whole list again.
addEventListener('turbo:load', () => {
  if (box() && box().value !== box().defaultValue) findSoon(0)
})
