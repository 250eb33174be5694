import type { ReplyPart, ReplyView, ToolPart } from '@turnstead/reply'
import { childSize, partSize } from './part-size.js'

/** The newest parts of a view, and how many are left out before them. */
export interface Preview {
  readonly view: ReplyView
  readonly omittedParts: number
}

/** So much of one tool's output is shown while the agent works. */
const longestOutput = 600

/**
 * The end of a reply in about so many characters, and in at least one part. Long texts and outputs of tools are cut at their
 * beginning, and what tools report beside their output is left out.
 */
export function previewOf(view: ReplyView, characters: number): Preview {
  let left = characters
  let first = view.parts.length
  const shownChildren = new Set<string>()
  for (const [index, part] of [...view.parts.entries()].toReversed()) {
    const child = view.children.find(({ toolPartId }) => toolPartId === part.id)
    const size =
      partSize(shortened(part, characters)) + (child === undefined ? 0 : childSize(child))
    if (size > left && first < view.parts.length) break
    left -= size
    first = index
    if (child !== undefined) shownChildren.add(child.sessionId)
  }
  const children = view.children
    .filter(({ sessionId }) => shownChildren.has(sessionId))
    .map((child) => ({ ...child, parts: newest(child.parts, characters) }))
  return {
    view: {
      ...view,
      parts: view.parts.slice(first).map((part) => shortened(part, characters)),
      children,
    },
    omittedParts: first,
  }
}

/** Of a sub-agent; what it starts itself is shown when it is over. */
function newest(parts: readonly ReplyPart[], characters: number): readonly ReplyPart[] {
  const tools = parts
    .filter((part) => part.kind === 'tool')
    .map((part) => shortened(part, characters))
  let left = characters
  return tools
    .toReversed()
    .filter((part, index) => {
      left -= partSize(part)
      return left > 0 || index === 0
    })
    .toReversed()
}

const cut = new WeakMap<ToolPart, ToolPart>()

function shortened(part: ReplyPart, characters: number): ReplyPart {
  if (part.kind === 'text' || part.kind === 'reasoning') {
    const { text } = part
    return text.length <= characters ? part : { ...part, text: `…${text.slice(-characters)}` }
  }
  if (part.kind !== 'tool' || partSize(part) <= longestOutput) return part
  const known = cut.get(part)
  if (known !== undefined) return known
  const { output } = part
  const made: ToolPart = {
    ...part,
    output: output === null ? null : output.slice(-longestOutput),
    input: shortInput(part),
    metadata: null,
    attachments: [],
    asks: [],
  }
  cut.set(part, made)
  return made
}

function shortInput({ input }: ToolPart): ToolPart['input'] {
  const entries = Object.entries(input).map(([name, value]): [string, typeof value] => [
    name,
    typeof value === 'string' ? value.slice(0, longestOutput) : value,
  ])
  return Object.fromEntries(entries)
}
