// npm run protocol:tables: writes testkit's tables of requests from the recorded OpenAPI document.
import { writeFile } from 'node:fs/promises'

import { readRecorded } from './document.js'
import { requestTables, tablesPath } from './request-tables.js'

await writeFile(tablesPath, requestTables(await readRecorded()))
