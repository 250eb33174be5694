import { type ToolCall, ToolStop, type ToolContext, type ToolResult } from './tool-context.js'

/** `question`: waits for a person. */
export async function question(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const given: unknown = call.input['questions']
  const questions: readonly Record<string, unknown>[] = Array.isArray(given) ? given : []
  const { world, session } = context
  const { directory } = session.info
  const request = {
    id: world.identity.id('que'),
    sessionID: session.info.id,
    questions,
    tool: { messageID: call.part.messageID, callID: call.callId },
  }
  const answers = await new Promise<readonly (readonly string[])[] | null>((resolve) => {
    world.asks.questions.set(request.id, { request, directory, resolve })
    world.bus.publish(directory, 'question.asked', request)
  })
  if (answers === null) throw new ToolStop('The user dismissed this question')
  const said = questions.map((each, index) => {
    const labels = answers[index] ?? []
    return `"${String(each['question'])}"="${labels.length === 0 ? 'Unanswered' : labels.join(', ')}"`
  })
  return {
    output: `User has answered your questions: ${said.join(', ')}. You can now continue with the user's answers in mind.`,
    title: `Asked ${questions.length} question${questions.length === 1 ? '' : 's'}`,
    metadata: { answers },
  }
}
