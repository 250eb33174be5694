import type { ReplyPart } from '../records/part.js'
import type { ReplyView, SubAgent } from '../records/reply-view.js'

const none: readonly SubAgent[] = []

/** The sub-agents that each call started, with those that these started themselves. */
export function subAgentsByCall({
  children,
}: Pick<ReplyView, 'children'>): (part: ReplyPart) => readonly SubAgent[] {
  if (children.length === 0) return () => none
  const startedBy = (isParent: (child: SubAgent) => boolean): readonly SubAgent[] => {
    const found = new Set(children.filter(isParent))
    // Those of sub-agents come to the end of what is walked through.
    for (const { sessionId } of found) {
      for (const child of children) if (child.parentSessionId === sessionId) found.add(child)
    }
    return children.filter((child) => found.has(child))
  }
  return (part) =>
    part.kind === 'tool' ? startedBy(({ toolPartId }) => toolPartId === part.id) : none
}

/** Whether nothing of the sub-agents changed: their parts are the same objects as long as they say the same. */
export function isSameWork(left: readonly SubAgent[], right: readonly SubAgent[]): boolean {
  return (
    left.length === right.length &&
    left.every((agent, index) => {
      const other = right[index]
      return (
        other !== undefined &&
        frameOf(agent) === frameOf(other) &&
        agent.parts.length === other.parts.length &&
        agent.parts.every((part, at) => part === other.parts[at])
      )
    })
  )
}

/** All of a sub-agent but its parts, whatever a later version adds: a template may show any of it. */
function frameOf({ parts: _, ...frame }: SubAgent): string {
  return JSON.stringify(frame)
}
