// What the reader opened or closed stays so while its contents change.
document.addEventListener('click', ({ target }) => {
  const details = target.closest('summary')?.parentElement
  if (details?.id) details.dataset.chosen = ''
})

document.addEventListener('turbo:before-stream-render', (event) => {
  const { action, target } = event.target
  if (action !== 'update' && action !== 'replace') return
  const chosen = document.getElementById(target)?.querySelectorAll('details[data-chosen]') ?? []
  if (chosen.length === 0) return
  const states = [...chosen].map(({ id, open }) => ({ id, open }))
  const { render } = event.detail
  event.detail.render = async (element) => {
    await render(element)
    for (const { id, open } of states) {
      const details = document.getElementById(id)
      if (!details) continue
      details.open = open
      details.dataset.chosen = ''
    }
  }
})

// A menu closes when one turns to something else.
document.addEventListener('click', ({ target }) => {
  document.querySelectorAll('details.menu[open]').forEach((menu) => {
    if (!menu.contains(target)) menu.open = false
  })
})
