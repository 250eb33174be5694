import { runUntilStopped } from '@turnstead-examples/start/run'

/** `npm run start:task`: prints one line with the URL, and ends on Ctrl-C without leaving a process. */
await runUntilStopped(async (signal) => {
  const { startTaskChat } = await import('./start-task-chat.js')
  return await startTaskChat(process.env, { signal })
})
