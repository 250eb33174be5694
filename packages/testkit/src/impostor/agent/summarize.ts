import { planCalls } from '../../script/plan.js'
import {
  noTokens,
  type Json,
  type MessageRecord,
  type Part,
  type SessionRecord,
} from '../state/records.js'
import { sinceSummary } from '../history/since-summary.js'
import { ToolFailure } from '../tools/tool-context.js'
import { putMessage, setStatus, tellError, worktreeOf, type World } from '../state/world.js'
import { endBadly } from '../steps/end-badly.js'
import { playModelStep } from '../steps/model-step.js'
import { MessageFailure } from '../steps/provider-failure.js'
import { askAgain, goOn } from './resume.js'

/** The part that asks for a summary; null in any other message. */
export function compactionOf(user: MessageRecord): Part | null {
  return [...user.parts.values()].find((part) => part.type === 'compaction') ?? null
}

/** Writes the summary that a message asks for. `stop`: it did not fit either; `over`: the turn has ended already. */
export async function runCompaction(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  { auto, overflow }: Part,
  signal: AbortSignal,
): Promise<'continue' | 'stop' | 'over'> {
  const again = overflow === true ? promptBefore(session, user) : null
  const message = openSummary(world, session, user)
  const complete = (more: Json = {}): void => {
    const time = { ...message.info.time, completed: world.identity.stamp() }
    putMessage(world, session, { ...message.info, ...more, time })
  }
  try {
    signal.throwIfAborted()
    setStatus(world, session, { type: 'busy' })
    await playModelStep({
      world,
      session,
      message,
      answer: { calls: planCalls(world.settings.summary), attempts: new Map() },
      index: 0,
      signal,
      changed: new Map(),
      complete,
      toolContext: {
        world,
        session,
        message,
        signal,
        touch: () => {},
        delegate: () => Promise.reject(new ToolFailure('A summary has no tools')),
      },
    })
    complete()
  } catch (error) {
    if (error instanceof MessageFailure && error.shown['name'] === 'ContextOverflowError') {
      tellError(world, session, error.shown)
      const what = again
        ? 'Conversation history too large to compact - exceeds model context limit'
        : 'Session too large to compact - context exceeds model limit even after stripping media'
      const more = {
        error: { name: 'ContextOverflowError', data: { message: what } },
        finish: 'error',
      }
      complete(more)
      complete(more)
      return 'stop'
    }
    endBadly(world, session, error, signal, complete)
    return 'over'
  }
  if (auto === true && again) askAgain(world, session, again)
  else if (auto === true) goOn(world, session, user, overflow === true)
  const { directory, id: sessionID } = session.info
  world.bus.publish(directory, 'session.compacted', { sessionID })
  return 'continue'
}

function openSummary(world: World, session: SessionRecord, user: MessageRecord): MessageRecord {
  const { directory, id: sessionID } = session.info
  const model = user.info['model']
  return putMessage(world, session, {
    id: world.identity.id('msg'),
    parentID: user.info.id,
    role: 'assistant',
    mode: 'compaction',
    agent: 'compaction',
    summary: true,
    path: { cwd: directory, root: worktreeOf(world, directory) },
    cost: 0,
    tokens: noTokens(),
    ...(typeof model === 'object' ? model : {}),
    sessionID,
    time: { created: world.identity.stamp() },
  })
}

/** The prompt that was too long; null where nothing came before it that could be summed up instead. */
function promptBefore(session: SessionRecord, asked: MessageRecord): MessageRecord | null {
  const messages = sinceSummary(session, asked)
  const isPrompt = (message: MessageRecord): boolean =>
    message.info.role === 'user' && compactionOf(message) === null
  const index = messages.findLastIndex(isPrompt)
  const found = messages[index]
  return found && messages.slice(0, index).some(isPrompt) ? found : null
}
