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
  const { port } = new SharedWorker(url, { type: 'module', name: 'chat-stream-1' })
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
  else take(told)
}

function take({ type, ...message }) {
  if (type === 'changes') render(message)
  else if (type === 'connection') showConnection(message)
  else if (type === 'listed') {
    if (message.html) void apply(parse(message.html))
    document.dispatchEvent(new CustomEvent('chat:listed', { detail: message }))
  }
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

/**
 * Does what the elements say, with the next repaint. Turbo's own way gives the focus back to whatever had it before, also when the reader
 * has moved on meanwhile; here it is given back only when it was lost.
 */
async function apply(content) {
  const focused = document.activeElement
  const streams = [...content.querySelectorAll('turbo-stream')]
  document.documentElement.append(content)
  await Promise.allSettled(streams.map((stream) => stream.render()))
  if (document.activeElement !== document.body || !focused?.id || focused.isConnected) return
  document.getElementById(focused.id)?.focus({ preventScroll: true })
}

function render({ html, isWhole }) {
  const content = parse(html)
  for (const stream of isWhole ? content.querySelectorAll('turbo-stream[action="append"]') : []) {
    const { id } = stream.firstElementChild.content.firstElementChild
    if (!document.getElementById(id)) continue
    // The page has it: only what differs is touched, so that nothing closes or jumps under the reader.
    stream.setAttribute('action', 'replace')
    if (html.length < longest) stream.setAttribute('method', 'morph')
    stream.setAttribute('target', id)
  }
  void apply(content)
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
  const live = document.getElementById('live')
  hub.show({
    conversation: live ? Number(live.dataset.conversation) : null,
    from: live ? Number(live.dataset.from) || 1 : 1,
    at: live?.dataset.at || null,
  })
}

document.addEventListener('turbo:load', show)
document.addEventListener('turbo:submit-end', ({ detail }) => {
  if (detail.success) hub.begin()
})
document.addEventListener('chat:sent', () => hub.begin())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) hub.wake()
})
window.addEventListener('pagehide', () => hub.leave())
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) show()
})
