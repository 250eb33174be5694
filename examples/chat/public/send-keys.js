// What is sent with the same key is one message: each form has its own until what it holds was sent, and a new one when it is gone back to.
export function renewKeys() {
  for (const input of document.querySelectorAll('input[name="key"]')) input.value = newKey()
}

/** Also where the address is no safe one, so that there is no `crypto.randomUUID`. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
}

document.addEventListener('turbo:load', renewKeys)
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted) renewKeys()
})
