import type { OpenCodeRunOutput, OpenCodeTaskInput } from '@turnstead/task'
import type { UIDataTypes, UIMessage } from 'ai'

/** A message of this chat; server and page share the type. */
export type ChatMessage = UIMessage<
  unknown,
  UIDataTypes,
  { code: { input: OpenCodeTaskInput; output: OpenCodeRunOutput } }
>
