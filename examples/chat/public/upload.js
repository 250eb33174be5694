// Sends a message with files, and says of each how far it is. Only this kind of request knows.
import { visit } from '/assets/turbo/turbo.es2017-esm.js'
import { attached } from './attachments.js'
import { connectionBroke, sayProblem, sent } from './composer.js'
import { draftOf } from './draft.js'

/** What is under way; null for nothing. */
let upload = null

document.addEventListener(
  'submit',
  (event) => {
    const { target, submitter } = event
    if (target.id !== 'composer' || submitter?.dataset.kind !== 'send') return
    if (attached().length === 0) return
    event.preventDefault()
    event.stopImmediatePropagation()
    if (upload === null) send(target)
    else
      sayProblem(
        'Files of another message are still being sent. Send this one when they are there.',
      )
  },
  { capture: true },
)

document.addEventListener('click', ({ target }) => {
  if (target.closest('[data-cancel-upload]')) upload?.abort()
  if (target.closest('#send-again')) {
    document.querySelector('#composer [data-kind="send"]')?.click()
  }
})

document.addEventListener('input', () => showRetry(false))

window.addEventListener('beforeunload', (event) => {
  if (upload !== null) event.preventDefault()
})

// A page that is gone back to shows nothing that is not so any more.
document.addEventListener('turbo:before-cache', () => {
  const form = document.getElementById('composer')
  if (form?.hasAttribute('data-uploading')) show(form, false)
})

function send(form) {
  const sizes = attached().map(({ size }) => size)
  const forgetDraft = draftOf(document.getElementById('prompt').value)
  const request = new XMLHttpRequest()
  upload = request
  const end = (problem, mayRepeat = false) => {
    upload = null
    if (!form.isConnected) return
    show(form, false)
    sayProblem(problem)
    showRetry(mayRepeat)
  }
  request.upload.addEventListener('progress', ({ loaded, total }) => {
    if (form.isConnected) showProgress(sizes, loaded, total)
  })
  request.addEventListener('load', () => {
    const isStream = request.getResponseHeader('content-type')?.includes('turbo-stream')
    if (request.status >= 400) return end(problemOf(request, isStream), request.status >= 500)
    end('')
    forgetDraft()
    // The reader may have gone elsewhere meanwhile, and is not fetched back.
    if (!form.isConnected) return document.dispatchEvent(new CustomEvent('chat:begun'))
    if (isStream) return sent()
    visit(request.responseURL)
  })
  request.addEventListener('error', () => {
    end(connectionBroke, true)
  })
  request.addEventListener('abort', () => {
    end('Stopped. Your message and its files are still here.')
    document.getElementById('prompt')?.focus()
  })
  request.open('POST', form.action)
  request.setRequestHeader('accept', 'text/vnd.turbo-stream.html, text/html')
  const body = new FormData(form)
  sayProblem('')
  showRetry(false)
  show(form, true)
  request.send(body)
}

function show(form, isUnderWay) {
  const count = attached().length
  form.toggleAttribute('data-uploading', isUnderWay)
  form.querySelector('#uploading').hidden = !isUnderWay
  form.querySelector('#uploading span').textContent = isUnderWay
    ? `Sending ${count === 1 ? 'a file' : `${count} files`}…`
    : ''
  form.querySelector('[data-kind="send"]').disabled = isUnderWay
  form.querySelector('#prompt').readOnly = isUnderWay
  for (const item of form.querySelectorAll('#attached li')) {
    item.querySelector('progress')?.remove()
    item.querySelector('button').hidden = isUnderWay
    if (isUnderWay) item.append(barOf(item))
  }
}

function barOf(item) {
  const bar = document.createElement('progress')
  bar.value = 0
  bar.max = 1
  bar.setAttribute('aria-label', `Sending ${item.querySelector('span').textContent}`)
  return bar
}

/** One request has all files, one after the other: what is beside them in it is little, and comes first. */
function showProgress(sizes, loaded, total) {
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let done = loaded - Math.max(0, total - all)
  const bars = document.querySelectorAll('#attached progress')
  for (const [index, size] of sizes.entries()) {
    const share = size === 0 ? Number(done >= 0) : Math.min(1, Math.max(0, done / size))
    if (bars[index]) bars[index].value = share
    done -= size
  }
}

function showRetry(isShown) {
  const button = document.getElementById('send-again')
  if (button) button.hidden = !isShown
}

function problemOf({ responseText, status }, isStream) {
  if (status === 413) return 'This is more than is taken at once. Send fewer or smaller files.'
  if (!isStream) return 'The files could not be sent. They are still here.'
  const page = new DOMParser().parseFromString(responseText, 'text/html')
  return page.querySelector('template')?.content.textContent.trim() ?? ''
}
