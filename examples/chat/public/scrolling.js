// The page stays at its end while a reply grows, unless the reader scrolled away.
let isPinned = true

const distanceToEnd = () =>
  document.documentElement.scrollHeight - window.scrollY - window.innerHeight

export function toEnd() {
  window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })
  isPinned = true
  showButton()
}

function showButton() {
  const button = document.getElementById('to-newest')
  if (button) button.hidden = isPinned || distanceToEnd() < 300
}

window.addEventListener(
  'scroll',
  () => {
    isPinned = distanceToEnd() < 80
    showButton()
  },
  { passive: true },
)

const growth = new ResizeObserver(() => {
  if (isPinned && document.getElementById('turns')) toEnd()
  else showButton()
})

document.addEventListener('click', ({ target }) => {
  if (target.closest('#to-newest')) toEnd()
})

// Older messages come when the reader goes back so far, and nothing moves under the eyes.
const goingBack = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue
    goingBack.unobserve(target)
    target.requestSubmit(target.querySelector('button'))
  }
})

document.addEventListener('turbo:before-stream-render', (event) => {
  const stream = event.target
  if (stream.action !== 'prepend' || stream.target !== 'turns') return
  event.detail.render = async (element) => {
    const turns = document.getElementById('turns')
    // Each in a frame of its own: all at once, the page would stand still for them.
    for (const piece of [...element.templateElement.content.children].toReversed()) {
      await nextFrame()
      prependAbove(turns, piece)
    }
    watchOlder()
  }
})

function prependAbove(turns, piece) {
  const first = turns.querySelector('.turn')
  const before = first?.getBoundingClientRect().top ?? 0
  turns.prepend(piece)
  const after = first?.getBoundingClientRect().top ?? 0
  window.scrollBy({ top: after - before, behavior: 'instant' })
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve))

function watchOlder() {
  const older = document.querySelector('#turns > .older')
  if (older) goingBack.observe(older)
}

document.addEventListener('turbo:load', () => {
  growth.disconnect()
  goingBack.disconnect()
  const turns = document.getElementById('turns')
  if (!turns) return
  growth.observe(turns)
  toEnd()
  requestAnimationFrame(watchOlder)
})
