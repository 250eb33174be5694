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

export const clearDraft = () => keepDraft('')

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

document.addEventListener('turbo:submit-end', ({ target, detail }) => {
  // The first page is left for the conversation that was begun.
  if (target.id === 'composer' && detail.success && location.pathname === '/') clearDraft()
})

document.addEventListener('turbo:load', restoreDraft)
