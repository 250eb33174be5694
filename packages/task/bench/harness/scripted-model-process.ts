import { reply, startScriptedModel, text } from '@turnstead/testkit'

/** A scripted model in a process of its own, so that what it costs is nobody's. Told `count`, it says how many requests there were. */
const words = Array.from({ length: 300 }, (_, index) => `word${index} `).join('')
const model = await startScriptedModel(() => reply(text(words, { paceMs: 5 })))
process.send?.({ url: model.url })
process.on('message', () => process.send?.({ requests: model.requests.entries.length }))
process.on('disconnect', () => process.exit(0))
