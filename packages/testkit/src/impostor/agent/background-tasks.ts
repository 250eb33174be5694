import { storePrompt } from '../history/prompts.js'
import type { Json, MessageRecord, SessionRecord } from '../state/records.js'
import { ToolFailure, type ToolResult } from '../tools/tool-context.js'
import type { RunningTask, World } from '../state/world.js'

/** A task that runs. */
export interface TaskJob extends RunningTask {
  /** Ends with the sub-agent's last text. */
  readonly ended: Promise<string>
}

/** What is said of a task that goes on while its parent does. */
export type Launch = 'started' | 'updated'

const rest =
  "The task is %s. You will be notified automatically when it finishes.\nDO NOT sleep, poll for progress, ask the task for status, or duplicate this task's work — avoid working with the same files or topics it is using.\nWork on non-overlapping tasks, or briefly tell the user what you %s and end your response."
const words: Readonly<Record<Launch, string>> = {
  started: rest.replace('%s', 'working in the background').replace('%s', 'launched'),
  updated: `Additional context sent to the running background task.\n${rest
    .replace('%s', 'still working in the background')
    .replace('%s', 'sent')}`,
}

/** The result of a task as a model reads it. */
export function showTask(
  id: string,
  state: 'completed' | 'error' | 'running',
  text: string,
  summary: string | null = null,
): string {
  const tag = state === 'error' ? 'task_error' : 'task_result'
  const lines = [
    `<task id="${id}" state="${state}">`,
    ...(summary === null ? [] : [`<summary>${summary}</summary>`]),
    `<${tag}>`,
    text,
    `</${tag}>`,
    '</task>',
  ]
  return lines.join('\n')
}

/** What the tool answers while its task goes on. */
export function launched(how: Launch, id: string, title: unknown, metadata: Json): ToolResult {
  return {
    title,
    metadata: { ...metadata, background: true, jobId: id },
    output: showTask(id, 'running', words[how], `Background task ${how}`),
  }
}

/** Tells the parent's agent how a task has ended, as a prompt; of a task that was stopped nothing is said. */
export function reportEnd(
  world: World,
  parent: SessionRecord,
  child: SessionRecord,
  description: string,
  job: TaskJob,
  run: (world: World, session: SessionRecord) => Promise<MessageRecord | null>,
): void {
  const { life } = world
  const tell = (state: 'completed' | 'error', text: string): void => {
    if (world.life !== life || !world.sessions.has(parent.info.id)) return
    const how = state === 'completed' ? 'completed' : 'failed'
    const shown = showTask(child.info.id, state, text, `Background task ${how}: ${description}`)
    const parts = [{ type: 'text', synthetic: true, text: shown }]
    storePrompt(world, parent, { parts, agent: parent.info.agent ?? 'build' })
    run(world, parent).catch(() => {})
  }
  job.ended.then(
    (text) => tell('completed', text),
    (error: unknown) => {
      if (error instanceof ToolFailure && !(error instanceof TaskCancelled))
        tell('error', error.message)
    },
  )
}

/** Somebody has stopped the sub-agent. */
export class TaskCancelled extends ToolFailure {
  override readonly name: string = 'TaskCancelled'

  constructor(metadata: Json) {
    super('Task cancelled', metadata)
  }
}
