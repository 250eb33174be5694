import { join } from 'node:path'
import {
  type ArtifactStore,
  createMessageArtifacts,
  type MessageArtifacts,
} from '@turnstead/artifacts'
import { answerTask, opencodeTask, type ServerAddress } from '@turnstead/task'
import { createWorkspace, type OpenCodeWorkspace } from '@turnstead/task/workspace'
import { type AnswerResult, waitForPerson } from '@turnstead/turn'
import { convertToModelMessages, generateId, stepCountIs, streamText } from 'ai'
import type { ChatMessage } from './chat-message.js'
import { createLiveAnswer, type LiveAnswer } from './live-answer.js'
import type { OuterModel } from './outer-model.js'
import { createStop, type Stop, stopAnswer, stoppable } from './stoppable-task.js'

export interface ChatsOptions {
  /** Each chat has a folder in it. */
  readonly folder: string
  readonly server: ServerAddress
  readonly files: ArtifactStore
  /** The chat's model. */
  readonly outer: OuterModel
  readonly onError: (error: unknown, where?: string) => void
}

/** An answer to an ask: what `answerTask` takes. */
export type Answer = Pick<Parameters<typeof answerTask>[0], 'toolCallId' | 'askId' | 'decision'>

/** One chat: its messages, in memory, and its workspace. */
export interface Chat {
  messages(): readonly ChatMessage[]
  /** The files that the call of the tool left. */
  readonly artifacts: MessageArtifacts
  /** Answers the message; null while another answer is being given. */
  say(message: ChatMessage): Promise<LiveAnswer | null>
  /** The answer that is being given; null when there is none. */
  live(): LiveAnswer | null
  stop(): void
  answer(answer: Answer): Promise<AnswerResult>
  close(): Promise<void>
}

export interface Chats {
  find(id: string): Chat | null
  /** The chat, made when there is none. */
  open(id: string): Chat
  close(): Promise<void>
}

export function createChats(options: ChatsOptions): Chats {
  const chats = new Map<string, Chat>()
  return {
    find: (id) => chats.get(id) ?? null,
    open(id) {
      const chat = chats.get(id) ?? createChat(id, options)
      chats.set(id, chat)
      return chat
    },
    async close() {
      await Promise.all([...chats.values()].map((chat) => chat.close()))
    },
  }
}

function createChat(id: string, options: ChatsOptions): Chat {
  const { files, folder, onError, outer, server } = options
  const workspace: OpenCodeWorkspace = createWorkspace({ folder: join(folder, id), server })
  const { directory, start } = workspace
  const artifacts = createMessageArtifacts({ store: files, directory, scan: true })
  const task = opencodeTask({
    client: start,
    scope: id,
    asks: waitForPerson,
    isDirectoryOwn: true,
    artifacts,
    intervalMs: 100,
    turn: { onError: (error, { step }) => onError(error, `chat ${id}, ${step}`) },
  })
  let messages: ChatMessage[] = []
  let live: { readonly answer: Promise<LiveAnswer>; readonly stop: Stop } | null = null
  let current: LiveAnswer | null = null

  const begin = async (stop: Stop): Promise<LiveAnswer> => {
    const tools = { code: stoppable(task, stop) }
    const result = streamText({
      model: outer,
      tools,
      messages: await convertToModelMessages(messages, { tools }),
      stopWhen: [stepCountIs(10), () => stop.task.signal.aborted],
      abortSignal: stop.model.signal,
      onError: ({ error }) => onError(error, `chat ${id}`),
    })
    const chunks = result.toUIMessageStream<ChatMessage>({
      originalMessages: messages,
      generateMessageId: generateId,
      onFinish: (end) => void (messages = end.messages),
    })
    return createLiveAnswer(chunks)
  }

  return {
    messages: () => messages,
    artifacts,
    live: () => current,
    async say(message) {
      if (live !== null) return null
      messages = [...messages, message]
      const stop = createStop()
      live = { answer: begin(stop), stop }
      const over = (): void => {
        live = null
        current = null
      }
      try {
        current = await live.answer
        void current.ended.catch((error: unknown) => onError(error, `chat ${id}`)).then(over)
        return current
      } catch (error) {
        over()
        throw error
      }
    },
    stop: () => live && stopAnswer(live.stop),
    answer: (answer) => answerTask({ scope: id, by: 'the reader', ...answer }),
    async close() {
      if (live !== null) stopAnswer(live.stop)
      await current?.ended.catch(() => undefined)
      await workspace.close()
    },
  }
}
