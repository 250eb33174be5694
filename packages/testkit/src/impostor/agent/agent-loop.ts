import { reply, text } from '../../script/builder.js'
import { planCalls } from '../../script/plan.js'
import { playModelStep } from '../steps/model-step.js'
import { isKnownModel, modelOfMessage } from './chosen-model.js'
import { isFull, startCompaction, toldModel } from './compact.js'
import { endBadly } from '../steps/end-badly.js'
import { delegate } from './delegate.js'
import { processDied } from '../state/process-died.js'
import { ignoredIn } from '../state/searched-files.js'
import { isMissing } from '../state/directories.js'
import { remindOfPlan } from '../history/plan-reminders.js'
import { promptText } from '../history/prompts.js'
import { MessageFailure, untoldFile } from '../steps/provider-failure.js'
import {
  listMessages,
  type Json,
  type MessageRecord,
  type Run,
  type SessionRecord,
} from '../state/records.js'
import { untoldType } from '../history/since-summary.js'
import { hasDefaultTitle } from '../state/sessions.js'
import type { ToolContext } from '../tools/tool-context.js'
import { newest, unanswered } from './unanswered.js'
import { nextSubtask, runSubtask } from './subtask.js'
import { compactionOf, runCompaction } from './summarize.js'
import { openMessage, waitForListener } from './open-message.js'
import { structuredOutcome } from './structured-output.js'
import { rememberFile, tellSummaries } from '../history/turn-diffs.js'
import {
  putMessage,
  setStatus,
  tellError,
  tellSession,
  type PlannedAnswer,
  type World,
} from '../state/world.js'
import { realTime } from '../../real-time.js'

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => realTime.setImmediate(resolve))

/**
 * Answers a session's prompts; joins the run that is on when there is one. Resolves with the newest assistant message
 * before the session turns idle, as the server's synchronous call does.
 */
export function runSession(world: World, session: SessionRecord): Promise<MessageRecord | null> {
  if (session.run) return session.run.ended
  const abort = new AbortController()
  let run: Run | null = null
  session.runRules = session.info.permission ?? []
  const ended = new Promise<MessageRecord | null>((resolve, reject) => {
    loop(world, session, abort.signal, resolve)
      .catch(reject)
      .finally(() => {
        if (session.run !== run) return
        session.run = null
        session.runRules = null
      })
  })
  // Callers that hang up leave the run alone, and its failure with it.
  ended.catch(() => {})
  run = { abort, ended }
  session.run = run
  return ended
}

async function loop(
  world: World,
  session: SessionRecord,
  signal: AbortSignal,
  resolve: (last: MessageRecord | null) => void,
): Promise<void> {
  let toSummarise: MessageRecord | null = null
  for (let step = 1; ; step += 1) {
    setStatus(world, session, { type: 'busy' })
    let user = unanswered(session)
    if (!user) {
      resolve(newest(session))
      await turnOfTheLoop()
      if (signal.aborted && signal.reason === processDied) return
      user = unanswered(session)
    }
    if (!user) {
      setStatus(world, session, { type: 'idle' })
      if (toSummarise) tellSummaries(world, session, toSummarise)
      return
    }
    if (step === 1) giveTitle(world, session)
    if (!isKnownModel(world, user)) throw failUnknownModel(world, session, user)
    const subtask = nextSubtask(user)
    if (subtask) {
      await runSubtask(world, session, user, subtask, { signal, run: runSession })
      toSummarise = user
      continue
    }
    const compaction = compactionOf(user)
    if (compaction) {
      const verdict = await runCompaction(world, session, user, compaction, signal)
      toSummarise = user
      if (verdict === 'continue') continue
      resolve(newest(session))
      if (verdict === 'stop') setStatus(world, session, { type: 'idle' })
      return
    }
    const verdict = await answerOnce(world, session, user, signal, toSummarise ?? user)
    toSummarise = user
    const isOverflow = verdict === 'overflow'
    if (isOverflow || (verdict === 'continue' && isFull(world, newest(session)))) {
      startCompaction(world, session, toldModel(world, user), { auto: true, overflow: isOverflow })
      continue
    }
    if (verdict === 'continue') continue
    resolve(newest(session))
    if (verdict === 'refused') {
      setStatus(world, session, { type: 'idle' })
      tellSummaries(world, session, user)
    }
    return
  }
}

async function answerOnce(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  signal: AbortSignal,
  toSummarise: MessageRecord,
): Promise<'continue' | 'refused' | 'over' | 'overflow'> {
  const answer = answerFor(world, session, user)
  const index = listMessages(session).filter(
    (message) => message.info.parentID === user.info.id && message.info.finish !== undefined,
  ).length
  remindOfPlan(world, session, user)
  const message = openMessage(world, session, user)
  if (isMissing(world, session.info.directory)) {
    tellSummaries(world, session, toSummarise)
    throw noDirectory(world, session)
  }
  const changed = new Map<string, Uint8Array | null>()
  const complete = (more: Json = {}): void => {
    const completed = world.identity.stamp()
    const time = { ...message.info.time, completed }
    putMessage(world, session, { ...message.info, ...more, time })
  }
  try {
    signal.throwIfAborted()
    tellSummaries(world, session, toSummarise)
    setStatus(world, session, { type: 'busy' })
    if (index === 0) await waitForListener(world, session, signal)
    signal.throwIfAborted()
    const type = untoldType(session)
    if (type !== null) throw untoldFile(type)
    const verdict = await playModelStep({
      world,
      session,
      message,
      answer,
      index,
      signal,
      changed,
      complete,
      toolContext: toolContext(world, session, user, message, signal, changed),
    })
    if (verdict === 'over') return 'over'
    complete()
    const outcome = structuredOutcome(user, message)
    if (outcome !== null) {
      putMessage(world, session, { ...message.info, ...outcome })
      return 'refused'
    }
    return verdict === 'stop' ? 'refused' : 'continue'
  } catch (error) {
    if (error instanceof MessageFailure && error.shown['name'] === 'ContextOverflowError') {
      tellError(world, session, error.shown)
      complete()
      return 'overflow'
    }
    endBadly(world, session, error, signal, complete)
    return 'over'
  }
}

function failUnknownModel(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
): MessageFailure {
  const { providerID, modelID } = modelOfMessage(world, user)
  const message = `Model not found: ${String(providerID)}/${String(modelID)}.`
  const shown = { name: 'UnknownError', data: { message } }
  tellError(world, session, shown)
  setStatus(world, session, { type: 'idle' })
  return new MessageFailure(shown)
}

/** The message stays open for ever. */
function noDirectory(world: World, session: SessionRecord): MessageFailure {
  setStatus(world, session, { type: 'idle' })
  const { directory } = session.info
  const message = `PlatformError: NotFound: FileSystem.realPath (${directory})`
  return new MessageFailure({ name: 'UnknownError', data: { message } })
}

function answerFor(world: World, session: SessionRecord, user: MessageRecord): PlannedAnswer {
  const known = world.answers.get(user.info.id)
  if (known) return known
  const chosen =
    world.book.take({
      text: promptText(user),
      sessionId: session.info.id,
      agent: user.info.agent,
    }) ?? reply(text('The scenario has no answer for this prompt.'))
  const made: PlannedAnswer = { calls: planCalls(chosen), attempts: new Map() }
  world.answers.set(user.info.id, made)
  return made
}

function giveTitle(world: World, session: SessionRecord): void {
  if (!hasDefaultTitle(session) || session.info.parentID !== undefined) return
  session.info = { ...session.info, title: world.settings.title }
  tellSession(world, session, false)
}

function toolContext(
  world: World,
  session: SessionRecord,
  user: MessageRecord,
  message: MessageRecord,
  signal: AbortSignal,
  changed: Map<string, Uint8Array | null>,
): Omit<ToolContext, 'isOver'> {
  return {
    world,
    session,
    message,
    signal,
    touch: (path) => {
      if (ignoredIn(world, session.info.directory)(path)) return
      rememberFile(world, session, user.info.id, path)
      if (!changed.has(path)) changed.set(path, world.files.read(path))
    },
    delegate: (input, update) =>
      delegate({ world, session, message, signal, input, update, run: runSession }),
  }
}
