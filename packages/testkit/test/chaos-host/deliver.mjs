import { enqueue } from './host.mjs'

enqueue()
