// One of these runs for all pages of a browser.
import { createHub } from './stream-hub.js'

const hub = createHub()

self.addEventListener('connect', ({ ports: [port] }) => {
  // One that crashes does not say that it leaves.
  port.onclose = () => hub.leave(port)
  const post = (message) => port.postMessage(message)
  port.onmessage = ({ data }) => {
    if (data.type === 'show') hub.show(port, { ...data, post })
    else if (data.type === 'begin') hub.begin()
    else if (data.type === 'wake') hub.wake()
    else if (data.type === 'leave') hub.leave(port)
  }
})
