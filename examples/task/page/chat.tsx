import { useChat } from '@ai-sdk/react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { settleRunOutput } from '@turnstead/task/output'
import type { ChatMessage } from '../src/chats/chat-message.js'
import type { ChatApi } from './chat-api.js'
import { RunView } from './run/run-view.js'
import { Words } from './words.js'

const suggestions = [
  'Write a packing list into a file',
  'Ask me something first',
  'Run a command, if I allow it',
  'Do something long',
]

interface ChatProps {
  readonly api: ChatApi
  readonly messages: ChatMessage[]
}

/** The whole chat. */
export function Chat({ api, messages: first }: ChatProps): ReactNode {
  const { messages, sendMessage, status, error } = useChat<ChatMessage>({
    id: api.id,
    messages: first,
    transport: api.transport,
    // A page that comes back finds the answer that is being given.
    resume: true,
  })
  const isBusy = status === 'submitted' || status === 'streaming'
  const send = (text: string): void => void sendMessage({ text })
  return (
    <>
      <header>
        <h1>A chat that gives work to OpenCode</h1>
        <a href="/">New chat</a>
      </header>
      <main>
        <ol className="messages" aria-label="Messages">
          {messages.map((message) => (
            <li key={message.id} className={message.role}>
              <Message api={api} message={message} isBusy={isBusy} />
            </li>
          ))}
        </ol>
        {messages.length === 0 && (
          <div className="suggestions" role="group" aria-label="Suggestions">
            {suggestions.map((text) => (
              <button key={text} type="button" onClick={() => send(text)}>
                {text}
              </button>
            ))}
          </div>
        )}
        <p role="status" className="state">
          {isBusy ? 'Answering' : messages.length > 0 && 'Done'}
        </p>
        {error !== undefined && <p role="alert">It failed: {error.message}</p>}
      </main>
      <Composer isBusy={isBusy} onSend={send} onStop={() => void api.stop()} />
    </>
  )
}

interface MessageProps {
  readonly api: ChatApi
  readonly message: ChatMessage
  /** An answer is being given. */
  readonly isBusy: boolean
}

function Message({ api, message, isBusy }: MessageProps): ReactNode {
  return (
    <>
      <h2 className="visually-hidden">{message.role === 'user' ? 'You' : 'Answer'}</h2>
      {message.parts.map((part, index) => {
        if (part.type === 'text') {
          const { text } = part
          return message.role === 'user' ? (
            <p key={index}>{text}</p>
          ) : (
            <Words key={index} text={text} />
          )
        }
        if (part.type !== 'tool-code') return null
        if (part.state === 'output-error') {
          return (
            <p key={index} role="alert">
              The agent could not be asked: {part.errorText}
            </p>
          )
        }
        if (part.state !== 'output-available') return <p key={index}>Starting the agent</p>
        const { toolCallId } = part
        // Where the answer was cut off, no last output comes.
        const output = isBusy ? part.output : settleRunOutput(part.output)
        return <RunView key={index} api={api} toolCallId={toolCallId} output={output} />
      })}
    </>
  )
}

interface ComposerProps {
  readonly isBusy: boolean
  readonly onSend: (text: string) => void
  readonly onStop: () => void
}

function Composer({ isBusy, onSend, onStop }: ComposerProps): ReactNode {
  const [text, setText] = useState('')
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (isBusy || text.trim() === '') return
    onSend(text)
    setText('')
  }
  return (
    <form className="composer" onSubmit={submit}>
      <label htmlFor="prompt">Your message</label>
      <div>
        <input
          id="prompt"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {isBusy ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button type="submit">Send</button>
        )}
      </div>
    </form>
  )
}
