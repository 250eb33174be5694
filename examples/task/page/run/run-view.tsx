import type { OpenCodeRunOutput } from '@turnstead/task'
import type { ReactNode } from 'react'
import type { ChatApi } from '../chat-api.js'
import { AskForm } from './ask-form.js'
import { Files } from './files.js'
import { Conversation } from './conversation.js'
import { Section } from './section.js'

interface RunViewProps {
  readonly api: ChatApi
  readonly toolCallId: string
  readonly output: OpenCodeRunOutput
}

const states: Readonly<Record<OpenCodeRunOutput['status'], string>> = {
  working: 'working',
  complete: 'done',
  error: 'failed',
  cancelled: 'stopped',
}

/** One run of the agent inside of the chat: what waits for the person first, then the conversation, then what came of it. */
export function RunView({ api, toolCallId, output }: RunViewProps): ReactNode {
  const { asks, cost, error, filesEdited, model, omittedParts, status, stop, todos } = output
  const open = asks.filter(({ state }) => state === 'open')
  return (
    <section className="run" aria-label="The agent's work" data-status={status}>
      <p className="run-state">
        <strong>The agent: {states[status]}</strong>
        {model !== null && <span> · {model}</span>}
        {cost > 0 && <span> · {cost.toFixed(4)} $</span>}
      </p>
      {error !== null && <p role="alert">{error.message}</p>}
      {stop !== null && (
        <p>{stop.idle ? 'It has stopped.' : 'Whether it has stopped is not known.'}</p>
      )}
      {status === 'working' &&
        open.map((ask) => (
          <AskForm
            key={ask.id}
            ask={ask}
            onDecide={async (decision) => await api.answer({ toolCallId, askId: ask.id, decision })}
          />
        ))}
      <Section title="Conversation" isOpen>
        {omittedParts > 0 && <p className="faint">{omittedParts} older parts come at the end.</p>}
        <Conversation messages={output.messages} omittedParts={omittedParts} />
      </Section>
      <Section title="Todos" count={todos.length} isOpen>
        <ul>
          {todos.map(({ content, status: state }) => (
            <li key={content}>
              {content} <span className="faint">({state.replace('_', ' ')})</span>
            </li>
          ))}
        </ul>
      </Section>
      <Changes output={output} />
      <Section title="Processes" count={output.processes.length}>
        <ul>
          {output.processes.map(({ id, command, args, exitCode, status: state }) => (
            <li key={id}>
              <code>{[command, ...args].join(' ')}</code> {state}
              {exitCode !== null && ` with ${exitCode}`}
            </li>
          ))}
        </ul>
      </Section>
      {status !== 'working' && (
        <Files api={api} toolCallId={toolCallId} edited={filesEdited} named={output.outputFile} />
      )}
    </section>
  )
}

function Changes({ output }: { output: OpenCodeRunOutput }): ReactNode {
  const { diagnostics, diffs, fileChanges, filesEdited } = output
  const count = filesEdited.length + fileChanges.length + diffs.length
  return (
    <Section title="File changes" count={count}>
      <ul>
        {filesEdited.map((path) => (
          <li key={`edited ${path}`}>{path} was edited</li>
        ))}
        {fileChanges.map(({ event, path }) => (
          <li key={`${event} ${path}`}>
            {path} on disk: {event}
          </li>
        ))}
        {diagnostics.map(({ path, server }) => (
          <li key={`${server} ${path}`}>
            {server} has remarks on {path}
          </li>
        ))}
      </ul>
      {diffs.map(({ additions, deletions, patch, path }) => (
        <figure key={path}>
          <figcaption>
            {path} (+{additions} −{deletions})
          </figcaption>
          {patch !== null && <pre>{patch}</pre>}
        </figure>
      ))}
    </Section>
  )
}
