import type { NotReplaced } from '../rows/replaced-turns.js'
import type { Sent, UserRows } from '../rows/user-rows.js'
import type { Written } from '../rows/written.js'

/** Why something was not asked in the place of an earlier message. */
export const whyNotReplaced: Readonly<Record<NotReplaced, string>> = {
  open: 'An answer is still being written. Stop it or wait for its end; then what was said before can be asked anew.',
  replaced: 'That message was replaced already. Edit the newest one.',
}

/** Adds what a person wrote to a conversation, in the place of an earlier message where they said so; or says why not. */
export async function writeMessage(
  rows: Pick<UserRows, 'addMessage' | 'findMessage' | 'replaceMessage'>,
  conversationId: number,
  { written, replaces }: { readonly written: Written; readonly replaces: number | null },
): Promise<Sent | string> {
  if (replaces === null) return await rows.addMessage(conversationId, written)
  const earlier = await rows.findMessage(replaces)
  if (earlier?.conversationId !== conversationId) return 'That message is not there any more.'
  const uploads = [...earlier.files, ...written.uploads]
  const sent = await rows.replaceMessage(earlier, { ...written, uploads })
  return typeof sent === 'string' ? whyNotReplaced[sent] : sent
}
