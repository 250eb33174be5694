import type * as ai5 from 'ai-v5'
import type * as ai6 from 'ai-v6'
import type * as ai7 from 'ai-v7'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import { toUiMessage, toUiMessages } from '../src/ui-message-stream.js'
import type { UiChunk, UiChunk5, UiMessage, UiUserMessage } from '../src/ui-message-stream.js'
import { beginTurn } from './support/turn.js'

/** Does not compile when something of this package is not what the AI SDK takes. */
interface Accepts {
  readonly message5: (message: UiMessage | UiUserMessage) => ai5.UIMessage
  readonly message6: (message: UiMessage | UiUserMessage) => ai6.UIMessage
  readonly message7: (message: UiMessage | UiUserMessage) => ai7.UIMessage
  readonly chunk5: (chunk: UiChunk5) => ai5.UIMessageChunk
  readonly chunk6: (chunk: UiChunk) => ai6.UIMessageChunk
  readonly chunk7: (chunk: UiChunk) => ai7.UIMessageChunk
}

const accepts: Accepts = {
  message5: (message) => message,
  message6: (message) => message,
  message7: (message) => message,
  chunk5: (chunk) => chunk,
  chunk6: (chunk) => chunk,
  chunk7: (chunk) => chunk,
}

describe('the types of UI messages and chunks', () => {
  it('are those of the AI SDK, versions 5, 6 and 7', () => {
    const { reply } = beginTurn()
    const history: ai7.UIMessage[] = toUiMessages([{ prompt: { text: 'hi' }, reply }])
    expect(history.map(({ role }) => role)).to.deep.equal(['user', 'assistant'])
    expect(accepts.message5(toUiMessage(reply)).id).to.equal(`${reply.promptId}:reply`)
  })
})
