/** The server says something at least every half a second. */
const lateMs = 1_500
const goneMs = 5_000

/**
 * One stream for all pages of a browser. It is open while something runs, says to each page what concerns it, and comes back by
 * itself, to whichever process answers, with the place up to where its pages are.
 */
export function createHub({
  EventSource = self.EventSource,
  setTimeout = self.setTimeout,
  setInterval = self.setInterval,
  now = () => performance.now(),
} = {}) {
  /** Of each page what it shows, and how to speak to it. */
  const pages = new Map()
  /** Of each conversation up to where its pages are, as the server said. */
  const places = new Map()
  let source = null
  let timer = null
  let failures = 0
  let isLost = false
  /** Something may have begun since the stream was opened. */
  let isAskedAgain = false
  /** When something was heard last. */
  let heardAt = 0
  /** When the stream was asked for. */
  let askedAt = 0
  let watch = null

  const toAll = (message) => pages.forEach(({ post }) => post(message))

  function address() {
    const first = new Map()
    for (const { conversation, from } of pages.values()) {
      if (conversation !== null) {
        first.set(conversation, Math.min(from, first.get(conversation) ?? from))
      }
    }
    const query = [...first].map(([id, from]) => `c=${id}.${from}.${places.get(id) ?? ''}`)
    return `/stream?${query.join('&')}`
  }

  function close() {
    source?.close()
    source = null
    clearTimeout(timer)
    timer = null
    clearInterval(watch)
    watch = null
  }

  function open() {
    close()
    if (pages.size === 0) return
    isAskedAgain = false
    const opened = new EventSource(address())
    source = opened
    askedAt = now()
    // One that has to come back has not been heard in between.
    if (failures === 0) heardAt = askedAt
    watch = setInterval(listen, 250)
    opened.onopen = () => {
      failures = 0
      heardAt = now()
      say(false)
    }
    opened.onmessage = ({ data }) => {
      if (source === opened) hear(JSON.parse(data))
    }
    opened.onerror = () => {
      if (source === opened) comeBack()
    }
  }

  function comeBack() {
    close()
    failures += 1
    // A process that was replaced is back, or another one answers, in a moment. The first try is at once.
    if (failures > 1) say(true)
    timer = setTimeout(open, failures === 1 ? 50 : Math.min(250 * 2 ** (failures - 2), 4_000))
  }

  /** A process that hangs, or a machine that is gone, ends no connection; but nothing is heard of it. */
  function listen() {
    if (now() - heardAt > lateMs) say(true)
    if (now() - Math.max(heardAt, askedAt) > goneMs) comeBack()
  }

  function say(lost) {
    if (lost === isLost) return
    isLost = lost
    toAll({ type: 'connection', isLost })
  }

  function hear(message) {
    heardAt = now()
    say(false)
    if (message.idle === true) {
      if (isAskedAgain) open()
      else close()
    } else if (message.listed !== undefined) {
      toAll({ type: 'listed', conversation: message.listed, html: message.html, ids: message.ids })
    } else if (message.html !== undefined) {
      const { conversation, html, at, isWhole = false } = message
      if (at !== undefined) places.set(conversation, at)
      for (const page of pages.values()) {
        if (conversation !== null && page.conversation !== conversation) continue
        page.post({ type: 'changes', conversation, at, html, isWhole })
      }
    }
  }

  return {
    /** A page is shown, or shows something else; it was made anew. */
    show(key, { conversation, from, at = null, post }) {
      pages.delete(key)
      const isShown = [...pages.values()].some((page) => page.conversation === conversation)
      pages.set(key, { conversation, from, post })
      if (conversation !== null) {
        // Another page of it may be at another place: then all are brought to now.
        if (at === null || isShown) places.delete(conversation)
        else places.set(conversation, at)
      }
      post({ type: 'connection', isLost })
      open()
    },
    /** Something was sent, so something may run. */
    begin() {
      if (source === null) open()
      else isAskedAgain = true
    },
    /** A page is looked at again: what it has missed is to be shown. */
    wake() {
      const isDeaf = now() - heardAt > lateMs
      if (source === null || isDeaf) open()
    },
    leave(key) {
      const page = pages.get(key)
      if (page === undefined) return
      pages.delete(key)
      const isShown = [...pages.values()].some(
        ({ conversation }) => conversation === page.conversation,
      )
      if (!isShown) places.delete(page.conversation)
      if (pages.size === 0) close()
    },
  }
}
