// What is written and not sent is kept for each page and each who uses this browser.
const keyOf = () => `draft:${document.body.dataset.reader ?? ''}:${location.pathname}`

export function keepDraft(text) {
  try {
    if (text === '') localStorage.removeItem(keyOf())
    else localStorage.setItem(keyOf(), text)
  } catch {
    // No place for it: then it is kept as long as the page.
  }
}

/** What is being sent from this page; the result forgets it as a draft, also when the reader is elsewhere by then. */
export function draftOf(text) {
  const key = keyOf()
  return () => {
    try {
      // What was written behind it is still to be sent.
      if (localStorage.getItem(key) === text) localStorage.removeItem(key)
    } catch {
      // There is none.
    }
  }
}

export function restoreDraft() {
  const box = document.getElementById('prompt')
  if (!box || box.value !== '') return
  try {
    box.value = localStorage.getItem(keyOf()) ?? ''
  } catch {
    // There is none.
  }
}

document.addEventListener('input', ({ target }) => {
  if (target.id !== 'prompt') return
  const isEdited = document.getElementById('editing')?.hidden === false
  if (!isEdited) keepDraft(target.value)
})

document.addEventListener('turbo:load', restoreDraft)
