import type { OpenCodeRunOutput } from '@turnstead/task'
import type { ReactNode } from 'react'
import { Words } from '../words.js'
import { Section } from './section.js'

type Message = OpenCodeRunOutput['messages'][number]
type Part = Message['parts'][number]

/** What was said and done, the sub-agents' parts included. */
export function Conversation({
  messages,
  omittedParts,
}: Pick<OpenCodeRunOutput, 'messages' | 'omittedParts'>): ReactNode {
  // Counted from the beginning of the whole: what a person has folded stays so when older parts leave the preview.
  const toNode = (part: Part, index: number): ReactNode => (
    <OnePart key={index + omittedParts} part={part} />
  )
  return messages.map(({ id, parts, role }) => (
    <div key={id} className={`said-by-${role}`}>
      {role === 'user' ? (
        <Section title="The task">{parts.map(toNode)}</Section>
      ) : (
        parts.map(toNode)
      )}
    </div>
  ))
}

function OnePart({ part }: { part: Part }): ReactNode {
  switch (part.type) {
    case 'text':
      return <Words text={part.text} />
    case 'reasoning':
      return (
        <Section title="Thoughts">
          <Words text={part.text} />
        </Section>
      )
    case 'dynamic-tool':
      return <ToolCall part={part} />
    case 'data-sub-agent': {
      const { agent, text, title } = part.data
      return (
        <Section title={`Sub-agent: ${title ?? agent ?? 'without a name'}`} isOpen>
          <Words text={text} />
        </Section>
      )
    }
    case 'file':
      return <p>A file: {part.filename ?? part.mediaType}</p>
    default:
      // Todos and asks have places of their own.
      return null
  }
}

const toolStates = {
  'input-streaming': 'being written',
  'input-available': 'running',
  'output-available': 'done',
  'output-error': 'failed',
} as const

function ToolCall({ part }: { part: Extract<Part, { type: 'dynamic-tool' }> }): ReactNode {
  const target = targetOf(part.input)
  const name = target === null ? part.toolName : `${part.toolName}: ${target}`
  return (
    <Section title={`${name}, ${toolStates[part.state]}`}>
      {part.input !== undefined && <pre>{JSON.stringify(part.input, null, 2)}</pre>}
      {part.state === 'output-available' && <pre>{part.output.output}</pre>}
      {part.state === 'output-error' && <p>{part.errorText}</p>}
    </Section>
  )
}

/** What a call is about: a file, a task, a command. */
function targetOf(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return null
  const { command, description, filePath } = input as Readonly<Record<string, unknown>>
  return [filePath, description, command].find((each) => typeof each === 'string') ?? null
}
