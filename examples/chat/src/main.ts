import { runUntilStopped } from '@turnstead-examples/start/run'

/** `npm start`: prints one line with the URL, and ends on Ctrl-C without leaving a process. */
await runUntilStopped(async (signal) => {
  const { startChat } = await import('./start-chat.js')
  return await startChat(process.env, { signal })
})
