// Copies code, a command, or the text of an answer as it was written.
document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  event.preventDefault()
  const isCopied = await textOf(button).then(write, () => false)
  say(button, isCopied ? 'Copied' : 'Not copied')
})

async function textOf(button) {
  if (button.dataset.copy === 'answer') {
    const response = await fetch(button.href)
    if (!response.ok) throw new Error(response.statusText)
    return response.text()
  }
  return button.closest('.code, .command').querySelector('code').textContent
}

async function write(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return true
  }
  // Without TLS, on another machine, there is only this.
  const box = document.createElement('textarea')
  box.value = text
  document.body.append(box)
  box.select()
  const isCopied = document.execCommand('copy')
  box.remove()
  return isCopied
}

const timers = new WeakMap()

function say(button, text) {
  const label = button.querySelector('span')
  label.dataset.before ??= label.textContent
  label.setAttribute('role', 'status')
  label.textContent = text
  clearTimeout(timers.get(button))
  const timer = setTimeout(() => (label.textContent = label.dataset.before), 2_000)
  timers.set(button, timer)
}
