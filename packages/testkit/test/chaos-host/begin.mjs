import { readRow, saveRow } from './host.mjs'

if (readRow() === null) saveRow({ status: 'pending' })
