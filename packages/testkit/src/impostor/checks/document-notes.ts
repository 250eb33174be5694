/** How what may be absent is worded, and whether `null` may stand for it. */
export type Absence = 'null' | 'undefined' | 'strict'

/** Names of schemas that the server's messages give differently than its document. */
export const shownNames: Readonly<Record<string, string>> = {
  LocationRef: 'Location.Ref',
  ModelRef: 'Model.Ref',
  MoveSessionDestination: 'MoveSession.Destination',
  PermissionV2Reply: 'PermissionV2.Reply',
  PermissionV2Source: 'PermissionV2.Source',
  ProjectCommands: 'Project.Commands',
  ProjectIcon: 'Project.Icon',
  PromptAgentAttachment: 'Prompt.AgentAttachment',
  PromptInputFileAttachment: 'PromptInput.FileAttachment',
  PromptSource: 'Prompt.Source',
  QuestionV2Answer: 'QuestionV2.Answer',
  QuestionV2Reply: 'QuestionV2.Reply',
  WorktreeCreateInput: 'void | WorktreeCreateInput',
}

/** Objects that messages call by their name, although a property tells what they are. */
export const named: ReadonlySet<string> = new Set(['APIError', 'PermissionV2Source'])

const strictOwners = new Set([
  'LocationRef',
  'ModelRef',
  'ProjectCommands',
  'ProjectIcon',
  'PromptAgentAttachment',
  'PromptInput',
  'PromptInputFileAttachment',
])

/** Objects whose kind no property tells: what is wrong with such a property is said of itself. */
export const untold: ReadonlySet<string> = new Set(['APIError'])

/** Operations, or single fields of them, whose optional values may be absent, but not null. */
const strict = [
  /^(POST|PUT) \/(api\/)?pty.*/u,
  /^POST \/session(\/:sessionID\/fork)? /u,
  /oauth\/authorize /u,
  /\/copy /u,
  /^POST \/tui\/(show-toast|publish) title$/u,
  /^POST \/api\/session\/:sessionID\/permission (save|metadata|source)$/u,
]

/** How an operation words an optional field; `owner` is the named schema that has it. */
export function absenceOf(line: string, owner: string | null, name: string): Absence {
  if (/^(?:GET|tool) /u.test(line) || owner === 'WorktreeCreateInput') return 'undefined'
  if (owner !== null && strictOwners.has(owner)) return 'strict'
  return strict.some((each) => each.test(`${line} ${name}`)) ? 'strict' : 'null'
}

/** How often `null` is offered for a field beyond the document's own. */
export function nullsOf(owner: string | null, name: string): number {
  return owner === 'OutputFormatJsonSchema' && name === 'retryCount' ? 2 : 1
}
