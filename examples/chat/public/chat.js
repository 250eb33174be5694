import '/assets/turbo/turbo.es2017-esm.js'

document.addEventListener('keydown', (event) => {
  const box = event.target
  if (!(box instanceof HTMLTextAreaElement) || event.key !== 'Enter') return
  if (event.shiftKey || event.isComposing) return
  event.preventDefault()
  const send = box.form?.querySelector('[data-kind="send"]:not(:disabled)')
  if (send && box.value.trim() !== '') box.form.requestSubmit(send)
})

document.addEventListener('turbo:submit-end', ({ detail }) => {
  const box = detail.success && document.querySelector('#composer textarea')
  if (!box) return
  if (detail.formSubmission.submitter?.dataset.kind === 'send') {
    box.value = ''
    const files = box.form.querySelector('input[type="file"]')
    files.value = ''
    showAttached(files)
    isPinned = true
  }
  // The button that was pressed goes: without this the keyboard would begin at the top of the page again.
  box.focus()
})

// Browsers show the names of chosen files in a control that is hidden here.
function showAttached({ files, form }) {
  const names = form.querySelector('.attached')
  names.textContent = [...files].map(({ name }) => name).join(', ')
  names.hidden = files.length === 0
}

document.addEventListener('change', ({ target }) => {
  if (target.matches('#composer input[type="file"]')) showAttached(target)
})

// The page stays at its end while a reply grows, unless the reader scrolled away.
let isPinned = true

const distanceToEnd = () =>
  document.documentElement.scrollHeight - window.scrollY - window.innerHeight
const toEnd = () => {
  if (isPinned && document.getElementById('turns')) {
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
  }
}

window.addEventListener('scroll', () => (isPinned = distanceToEnd() < 80), { passive: true })

const growth = new ResizeObserver(toEnd)

// Turbo reconnects a stream that the network broke, but not one that the server refused.
function watchStream(source) {
  const notice = document.getElementById('connection')
  const stream = source.streamSource
  if (!stream || !notice) return
  stream.addEventListener('open', () => (notice.hidden = true))
  stream.addEventListener('error', () => {
    if (!source.isConnected) return
    notice.hidden = false
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => renew(source), 2000)
  })
}

function renew(source) {
  if (!source.isConnected) return
  const next = source.cloneNode()
  source.replaceWith(next)
  watchStream(next)
}

function onPage() {
  const turns = document.getElementById('turns')
  if (!turns) return
  isPinned = true
  growth.disconnect()
  growth.observe(turns)
  toEnd()
  document.querySelectorAll('turbo-stream-source').forEach(watchStream)
}

document.addEventListener('turbo:load', onPage)
