// The server does not know the reader's time zone.
const today = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const thisYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: 'numeric',
  minute: '2-digit',
})
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' })

function localise(root) {
  for (const time of root.querySelectorAll('time[data-time]:not([title])')) {
    const at = new Date(time.dateTime)
    const isToday = at.toDateString() === new Date().toDateString()
    time.textContent = (isToday ? today : thisYear).format(at)
    time.title = whole.format(at)
  }
}

function age() {
  for (const time of document.querySelectorAll('time[data-age]')) {
    const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000)
    const hours = Math.floor(minutes / 60)
    const text =
      minutes < 1
        ? 'now'
        : minutes < 60
          ? `${minutes} min`
          : hours < 24
            ? `${hours} h`
            : `${Math.floor(hours / 24)} d`
    if (time.textContent !== text) time.textContent = text
  }
}

document.addEventListener('turbo:before-stream-render', (event) => {
  const template = event.target.querySelector('template')
  if (template) localise(template.content)
})
document.addEventListener('turbo:load', () => localise(document))
setInterval(age, 60_000)
