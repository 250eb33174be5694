// What the server says of the conversation that this page shows, over the one stream of this browser.
import { untilReleased } from './press.js'
import { createHub } from './stream-hub.js'

const hub = 'SharedWorker' in window ? sharedHub() : ownHub()
if (!('SharedWorker' in window)) {
  // Each page has its stream then; one that is not seen would take a connection from those that are.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hub.leave()
    else show()
  })
}

function sharedHub() {
  const url = new URL('./stream-worker.js', import.meta.url)
  // One that an older page has begun lives on under its name: raise the number when what they say to each other changes.
  const { port } = new SharedWorker(url, { type: 'module', name: 'chat-stream-2' })
  port.onmessage = ({ data }) => hear(data)
  const post = (message) => port.postMessage(message)
  return {
    show: (page) => post({ type: 'show', ...page }),
    begin: () => post({ type: 'begin' }),
    wake: () => post({ type: 'wake' }),
    leave: () => post({ type: 'leave' }),
  }
}

function ownHub() {
  const own = createHub()
  return {
    show: (page) => own.show('page', { ...page, post: hear }),
    begin: () => own.begin(),
    wake: () => own.wake(),
    leave: () => own.leave('page'),
  }
}

function hear(told) {
  // In the order in which they came.
  const released = untilReleased()
  if (released !== null) void released.then(() => hear(told))
  else heed(told)
}

function heed({ type, ...message }) {
  if (type === 'changes') take(message)
  else if (type === 'connection') showConnection(message)
  else if (type === 'listed') {
    if (message.html) apply(parse(message.html))
    document.dispatchEvent(new CustomEvent('chat:listed', { detail: message }))
  }
}

const live = () => document.getElementById('live')

/** What this page has already, or was told to the page that was here before, is not for it. */
function take({ conversation, at, html, isWhole }) {
  const { dataset } = live() ?? {}
  if (conversation !== null) {
    if (Number(dataset?.conversation) !== conversation) return
    if (!isWhole && isPast(at, dataset.at)) return
    dataset.at = at
  }
  render({ html, isWhole })
}

/** Whether a place, as the server names them, is not after another one. */
function isPast(at = '', place = '') {
  const [[name, number], [ofName, ofNumber]] = [at.split('-'), place.split('-')]
  return name === ofName && Number(number) <= Number(ofNumber)
}

function showConnection({ isLost }) {
  document.documentElement.toggleAttribute('data-connection-lost', isLost)
  const notice = document.getElementById('connection')
  if (notice) notice.hidden = !isLost
}

/** With more than so many characters a turn is replaced, which is quick, and not compared. */
const longest = 200_000

function parse(html) {
  const template = document.createElement('template')
  template.innerHTML = html
  return template.content
}

/** What is still to be shown, in its order. */
const waiting = []

/** A repaint comes sooner than that, where there are any. */
const repaintMs = 250

/** Does what the elements say, with the next repaint. */
function apply(content) {
  waiting.push(content)
  // Where nobody looks there is none: what waited for it would come after what is told later.
  if (document.hidden) return flush()
  if (waiting.length > 1) return
  requestAnimationFrame(flush)
  // Nor where another window is before this one, of which not every system says that nobody looks.
  setTimeout(flush, repaintMs)
}

function flush() {
  for (const content of waiting.splice(0)) void draw(content)
}

// So that the page is whole when it is kept for later.
document.addEventListener('turbo:before-cache', flush)

/**
 * Turbo's own way gives the focus back to whatever had it before, also when the reader has moved on meanwhile; here it is given back
 * only when it was lost.
 */
async function draw(content) {
  const focused = document.activeElement
  const streams = [...content.querySelectorAll('turbo-stream')]
  const drawn = streams.map((stream) => new Promise((resolve) => drawAtOnce(stream, resolve)))
  document.documentElement.append(content)
  await Promise.all(drawn)
  if (document.activeElement !== document.body || !focused?.id || focused.isConnected) return
  document.getElementById(focused.id)?.focus({ preventScroll: true })
}

/** Turbo asks for this when the element is in the page; its own would wait for a repaint once more. */
function drawAtOnce(stream, done) {
  stream.render = async () => {
    const event = stream.beforeRenderEvent
    try {
      if (stream.dispatchEvent(event)) await event.detail.render(stream)
    } finally {
      done()
    }
  }
}

function render({ html, isWhole }) {
  const content = parse(html)
  for (const stream of isWhole ? content.querySelectorAll('turbo-stream[action="append"]') : []) {
    const turn = stream.firstElementChild.content.firstElementChild
    const { id } = turn
    const shown = document.getElementById(id)
    if (!shown) continue
    // What the reader is asking in other words.
    if ('edited' in shown.dataset) turn.dataset.edited = ''
    // The page has it: only what differs is touched, so that nothing closes or jumps under the reader.
    stream.setAttribute('action', 'replace')
    if (html.length < longest) stream.setAttribute('method', 'morph')
    stream.setAttribute('target', id)
  }
  apply(content)
}

// What a reader has opened, chosen or typed is theirs.
document.addEventListener('turbo:before-morph-attribute', (event) => {
  const { attributeName } = event.detail
  if (event.target.localName === 'details' && attributeName === 'open') event.preventDefault()
})
document.addEventListener('turbo:before-morph-element', (event) => {
  const { newElement } = event.detail
  if (event.target.localName === 'form' && newElement) event.preventDefault()
})

function show() {
  const { conversation, from, at } = live()?.dataset ?? {}
  hub.show({
    conversation: conversation ? Number(conversation) : null,
    from: Number(from) || 1,
    at: at || null,
  })
}

document.addEventListener('turbo:load', show)
document.addEventListener('turbo:submit-end', ({ detail }) => {
  if (detail.success) hub.begin()
})
document.addEventListener('chat:sent', () => hub.begin())
// From a page that was left meanwhile.
document.addEventListener('chat:begun', () => hub.begin())
document.addEventListener('visibilitychange', () => {
  if (document.hidden) flush()
  else hub.wake()
})
window.addEventListener('pagehide', () => hub.leave())
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) show()
})
