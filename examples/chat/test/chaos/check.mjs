/** What the row of the message says: ended well, ended badly, or not yet. */
import { join } from 'node:path'
import Database from 'libsql'

const database = new Database(join(process.env.CHAOS_DIR, 'chat.sqlite'), { readonly: true })
const rows = database.prepare('select * from messages').all()
database.close()
const settled = ['completed', 'failed', 'cancelled']
if (rows.length === 0 || !rows.every((row) => settled.includes(row.turn_status))) process.exit(1)
for (const row of rows) {
  const tokens = row.turn_input_tokens + row.turn_output_tokens
  console.log([row.turn_status, row.turn_text, tokens, row.turn_cost].join(' | '))
}
if (rows.some((row) => row.turn_status !== 'completed')) process.exit(2)
