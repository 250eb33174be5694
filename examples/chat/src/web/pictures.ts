import { parseReply, type ReplyPart, type ToolPart } from '@turnstead/reply'
import type { Part } from '@turnstead/wire'
import type { RequestHandler, Response } from 'express'
import type { Workspaces } from '../agent/workspaces.js'
import type { Message } from '../rows/models.js'
import type { UserRows } from '../rows/user-rows.js'
import { pictureTypes } from '../views/tools/attachments.js'
import type { AgentClient } from './conversation-routes.js'
import { parseRowId } from './security.js'

export interface PictureRouteOptions {
  readonly rowsOf: (response: Response) => Pick<UserRows, 'findMessage' | 'findConversation'>
  /** The agent's server; null while it is not known. */
  readonly agent: () => AgentClient | null
  readonly workspaces: Workspaces
  readonly sendProblem: (response: Response, status: number, text: string) => Promise<void>
}

/** A row has no bytes of what a tool has read: for as long as OpenCode keeps the conversation, it has them. */
export function pictureRoute({
  rowsOf,
  agent,
  workspaces,
  sendProblem,
}: PictureRouteOptions): RequestHandler<{ id: string; partId: string; index: string }> {
  async function read(response: Response, message: Message, partId: string): Promise<Part | null> {
    const conversation = await rowsOf(response).findConversation(message.conversationId)
    const place = placeOf(message, partId)
    if (conversation === null || place === null) return null
    const directory = workspaces.directoryOf(conversation)
    const client = agent()?.withScope({ directory })
    const found = await client?.session
      .message(place.sessionId, place.messageId)
      .catch(() => undefined)
    return found?.parts.find(({ id }) => id === partId) ?? null
  }

  return async (request, response) => {
    const message = await rowsOf(response).findMessage(parseRowId(request.params.id))
    const part = message === null ? null : await read(response, message, request.params.partId)
    const picture = part === null ? null : pictureOf(part, Number(request.params.index))
    if (picture === null) return sendProblem(response, 404, 'There is no such picture.')
    response
      .set('cache-control', 'private, max-age=3600')
      .set('content-disposition', 'inline')
      .type(picture.type)
      .send(picture.bytes)
  }
}

/** Where OpenCode has the part. Only what is in the reply of this message is looked for. */
function placeOf(
  message: Message,
  partId: string,
): Pick<ToolPart, 'sessionId' | 'messageId'> | null {
  if (message.turn_reply === null) return null
  const { parts, children } = parseReply(message.turn_reply).view()
  const all: readonly ReplyPart[] = [...parts, ...children.flatMap((child) => child.parts)]
  const found = all.find(({ id, kind }) => id === partId && (kind === 'tool' || kind === 'file'))
  return found ?? null
}

function filesOf(part: Part): readonly { readonly url: string }[] {
  if (part.type === 'file') return [part]
  if (part.type !== 'tool' || part.state.status !== 'completed') return []
  return part.state.attachments ?? []
}

function pictureOf(
  part: Part,
  index: number,
): { readonly type: string; readonly bytes: Buffer } | null {
  const found = /^data:([\w/+.-]+);base64,(.*)$/s.exec(filesOf(part)[index]?.url ?? '')
  const [, type = '', data = ''] = found ?? []
  return pictureTypes.includes(type) ? { type, bytes: Buffer.from(data, 'base64') } : null
}
