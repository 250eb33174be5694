import {
  noTokens,
  type MessageInfo,
  type MessageRecord,
  type SessionRecord,
} from '../state/records.js'
import { agentOf } from '../state/agents.js'
import { isMissing } from '../state/directories.js'
import { cleanUpRevert } from '../history/revert.js'
import { modelOf } from '../history/prompts.js'
import { putMessage, putPart, setStatus, worktreeOf, type World } from '../state/world.js'

/** What a command prints, as far as a fake knows: the words of an `echo`. */
export function echoed(command: string): string {
  const words = /^\s*echo(?<words>$|\s[^;&|<>`$\n]*)/u.exec(command)?.groups?.['words']
  if (words === undefined) return ''
  const said = words.match(/(?:"[^"]*"|'[^']*'|[^\s"']+)+/gu) ?? []
  return `${said.map((word) => word.replaceAll(/["']/gu, '')).join(' ')}\n`
}

/** `POST /shell`: a command that the person runs. Impostor runs nothing; `echo` prints its words. Null where its directory is none. */
export function runShell(
  world: World,
  session: SessionRecord,
  input: {
    readonly agent: string
    readonly command: string
    /** Default: the session's. */
    readonly model?: { readonly providerID: string; readonly modelID: string } | undefined
    readonly messageId?: string | undefined
  },
): MessageRecord | null {
  const { directory, id: sessionID } = session.info
  setStatus(world, session, { type: 'busy' })
  cleanUpRevert(world, session)
  const model = input.model ?? agentOf(world, input.agent)?.model ?? modelOf(world, session)
  const user: MessageInfo = {
    id: input.messageId ?? world.identity.id('msg'),
    role: 'user',
    sessionID,
    time: { created: world.identity.stamp() },
    agent: input.agent,
    model,
  }
  putMessage(world, session, user)
  putPart(world, session, {
    id: world.identity.id('prt'),
    messageID: user.id,
    sessionID,
    type: 'text',
    text: 'The following tool was executed by the user',
    synthetic: true,
  })
  const message = putMessage(world, session, {
    id: world.identity.id('msg'),
    sessionID,
    parentID: user.id,
    role: 'assistant',
    mode: input.agent,
    agent: input.agent,
    cost: 0,
    path: { cwd: directory, root: worktreeOf(world, directory) },
    time: { created: world.identity.stamp() },
    tokens: noTokens(),
    ...model,
  })
  const start = world.identity.stamp()
  const part = {
    id: world.identity.id('prt'),
    messageID: message.info.id,
    sessionID,
    type: 'tool',
    tool: 'bash',
    callID: `01${world.identity.hex(24).toUpperCase()}`,
  }
  const state = { input: { command: input.command } }
  putPart(world, session, { ...part, state: { ...state, status: 'running', time: { start } } })
  const isHere = !isMissing(world, directory)
  const output = isHere ? echoed(input.command) : ''
  putPart(world, session, {
    ...part,
    state: {
      ...state,
      status: 'completed',
      time: { start, end: world.identity.stamp() },
      title: '',
      metadata: { output },
      output,
    },
  })
  const completed = world.identity.stamp()
  putMessage(world, session, { ...message.info, time: { ...message.info.time, completed } })
  setStatus(world, session, { type: 'idle' })
  return isHere ? message : null
}
