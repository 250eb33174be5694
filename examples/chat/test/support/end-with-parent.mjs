/** Ends this process, as Ctrl-C does, when the test run that started it is gone, however that ended. */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
