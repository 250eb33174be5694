import { runWorker } from './host.mjs'

await runWorker()
