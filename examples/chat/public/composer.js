import { renewKeys } from './send-keys.js'
import { draftOf, keepDraft, restoreDraft } from './draft.js'
import { toEnd } from './scrolling.js'

const composer = () => document.getElementById('composer')

// On a phone the key that sends is the one that begins a line, and there is a button to send.
const hasKeys = window.matchMedia('(pointer: fine)')

document.addEventListener('keydown', (event) => {
  const box = event.target
  if (!(box instanceof HTMLTextAreaElement) || box.id !== 'prompt' || event.key !== 'Enter') return
  const isCommand = event.ctrlKey || event.metaKey
  if (event.shiftKey || event.isComposing || !(hasKeys.matches || isCommand)) return
  event.preventDefault()
  const send = box.form?.querySelector('[data-kind="send"]:not(:disabled)')
  if (send && box.value.trim() !== '') box.form.requestSubmit(send)
})

/** What is being sent; what is written behind it meanwhile is for the next one. */
let sending = null
let forgetDraft = () => undefined

/** It was sent: the box is for the next one. */
export function sent() {
  const box = document.getElementById('prompt')
  const isEdited = document.getElementById('editing').hidden === false
  renewKeys()
  const text = sending ?? box.value
  sending = null
  box.value = box.value.startsWith(text) ? box.value.slice(text.length).trimStart() : box.value
  stopEditing()
  // What was begun before is still to be sent.
  if (isEdited) restoreDraft()
  else keepDraft(box.value)
  box.form.dispatchEvent(new CustomEvent('chat:sent', { bubbles: true }))
  toEnd()
  box.focus()
}

/** It may have come all the same; the same form sent again is then no second message. */
export const connectionBroke = 'The connection broke. Send it again; it is taken only once.'

/** What is wrong with what was to be sent; an empty text for nothing. */
export function sayProblem(text) {
  const problem = document.getElementById('composer-problem')
  if (problem && problem.textContent !== text) problem.textContent = text
}

document.addEventListener('turbo:submit-start', ({ target }) => {
  if (target.id !== 'composer') return
  sayProblem('')
  sending = document.getElementById('prompt').value
  forgetDraft = draftOf(sending)
})

document.addEventListener('turbo:fetch-request-error', ({ target }) => {
  if (target.id !== 'composer') return
  sayProblem(connectionBroke)
})

document.addEventListener('turbo:submit-end', ({ target, detail }) => {
  const box = document.getElementById('prompt')
  if (!detail.success) sending = null
  if (!detail.success || !box) return
  if (target.id === 'composer' && detail.formSubmission.submitter?.dataset.kind === 'send') {
    forgetDraft()
    // On the first page what was sent leads to another one, which has its own box; and the reader may have gone elsewhere.
    if (target.isConnected) sent()
    else sending = null
    return
  }
  // The button that was pressed goes: without this the keyboard would begin at the top of the page again.
  if (target.closest('.turn, #composer, #stop')) box.focus()
})

// A prompt in other words takes the place of the first one.
document.addEventListener('click', (event) => {
  const edit = event.target.closest('a[data-edit]')
  const box = document.getElementById('prompt')
  if (edit && box) {
    event.preventDefault()
    stopEditing()
    beginEditing(edit)
    box.value = edit.closest('.turn').querySelector('.prompt').textContent
    box.focus()
    box.setSelectionRange(box.value.length, box.value.length)
  }
  if (event.target.closest('[data-cancel-edit]')) {
    event.preventDefault()
    stopEditing()
    box.value = ''
    restoreDraft()
    box.focus()
  }
})

/** What is hidden would be said all the same. */
const describe = (ids) => document.getElementById('prompt').setAttribute('aria-describedby', ids)

function beginEditing({ dataset }) {
  const editing = document.getElementById('editing')
  const { files } = dataset
  editing.querySelector('[name="replaces"]').value = dataset.edit
  editing.querySelector('#editing-files').textContent = files ? `With it again: ${files}.` : ''
  editing.hidden = false
  describe('composer-problem editing-says')
  document.getElementById(`turn-${dataset.edit}`).dataset.edited = ''
}

function stopEditing() {
  const editing = composer()?.querySelector('#editing')
  if (!editing) return
  editing.hidden = true
  describe('composer-problem')
  editing.querySelector('[name="replaces"]').value = ''
  document.querySelector('.turn[data-edited]')?.removeAttribute('data-edited')
}
