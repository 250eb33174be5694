import { claimDataDir } from '../../../src/server/server-record.js'

/** A host that claims each folder that it is given, at the given moment, and says whether it got it. */
process.on('message', ({ folder, at }: { folder: string; at: number }) => {
  while (Date.now() < at);
  try {
    claimDataDir(folder, `of-${process.pid}`)
    process.send?.(true)
  } catch (error) {
    process.send?.(String(error).includes('another server') ? false : String(error))
  }
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
