import { type ToolCall, ToolStop, type ToolContext, type ToolResult } from './tool-context.js'

/** Waits until a person has answered; null when they dismissed it. */
export function askPerson(
  call: ToolCall,
  { session, world }: ToolContext,
  questions: readonly Record<string, unknown>[],
): Promise<readonly (readonly string[])[] | null> {
  const { directory } = session.info
  const request = {
    id: world.identity.id('que'),
    sessionID: session.info.id,
    questions,
    tool: { messageID: call.part.messageID, callID: call.callId },
  }
  return new Promise((resolve) => {
    world.asks.questions.set(request.id, { request, directory, resolve })
    world.bus.publish(directory, 'question.asked', request)
  })
}

/** `question`: waits for a person. */
export async function question(call: ToolCall, context: ToolContext): Promise<ToolResult> {
  const given: unknown = call.input['questions']
  const questions: readonly Record<string, unknown>[] = Array.isArray(given) ? given : []
  const answers = await askPerson(call, context, questions)
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
