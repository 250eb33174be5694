import type { Difference } from './compare.js'

/** A difference that is meant, or that cannot be helped. */
export interface ListedDifference {
  readonly id: string
  /** What is different, for the reader of the fidelity page. */
  readonly what: string
  /** Why. */
  readonly why: string
  readonly matches: (difference: Difference) => boolean
}

/** Scenarios that end one way or another, as the machine is busy or calm. */
const stopped = new Set([
  'abort of a child',
  'abort of a parent while its child runs',
  'abort of a parent whose child runs a command',
  'abort of a parent whose child waits for a permission',
  'abort of a parent whose child waits for an answer',
  'abort while a sub-agent speaks',
  'delete of a parent while its child runs',
])

/** Every deliberate difference. */
export const listed: readonly ListedDifference[] = [
  {
    id: 'provider-headers',
    what: '`APIError.data.responseHeaders` holds only the content type.',
    why: 'Impostor has no model provider behind it, so there are no headers of an HTTP answer to show.',
    matches: ({ at }) => /\.responseHeaders(\.|$)/u.test(at),
  },
  {
    id: 'stack-traces',
    what: 'The second `session.error` of a prompt with an unknown agent, model or provider says what went wrong, without a stack trace, and no other model is proposed ("Did you mean …").',
    why: 'The text is made of the server’s own source positions and of its model list.',
    matches: ({ at, opencode }) =>
      at.endsWith('session.error.error.data.message') &&
      /\$bunfs|Did you mean/u.test(String(opencode)),
  },
  {
    id: 'revert-diff',
    what: '`revert.diff` of a session is a unified diff without the header lines of git.',
    why: 'Impostor has no git; no client reads this field but the server’s own.',
    matches: ({ at }) => at.endsWith('.revert.diff'),
  },
  {
    id: 'catalogue',
    what: '`GET /config` shows no provider and no machine folders, `GET /config/providers` only the scripted provider, `GET /agent` no prompts and the common rules, `GET /command` the server’s own commands with short templates and no skills, `GET /path` invented folders. `GET /provider`, `/provider/auth`, `/skill` and `/api/{model,provider,skill}` show next to nothing.',
    why: 'The rest is the server’s own catalogue and prompts, which change with every release and with the machine.',
    matches: ({ at }) =>
      /^http \/ GET \/(config\.body\.(provider|lsp|snapshot)|config\/providers\.body|agent\.body\[\d+\]\.(permission|prompt)|command\.body|path\.body\.(home|state|config)|provider\/auth\.body|skill\.body|api\/provider[^.]*\.body\.data)/u.test(
        at,
      ),
  },
  {
    id: 'editing-tools',
    what: 'A script may call `apply_patch` with a model that has `edit` and `write` instead, and the other way round; the list of available tools is that of the model.',
    why: 'One script serves both kinds of model. On the server such a call becomes `invalid`.',
    matches: ({ scenario }) => scenario === 'the tool edits with a model that patches',
  },
  {
    id: 'command-templates',
    what: '`init` and `review` ask with short texts of Impostor’s own.',
    why: 'The server’s are long and change with its releases.',
    matches: ({ scenario, at }) => scenario === 'init' && at.endsWith('text.part.text'),
  },
  {
    id: 'stopped-children',
    what: 'A parent whose child is stopped or deleted comes as far as it does on a calm machine: its task says "Task cancelled" and it goes on when the child was waiting for a person, else it is stopped in the same message.',
    why: 'On the server it is chance, which of the two ends first; with a busy machine the other way is the usual one.',
    matches: ({ scenario }) => stopped.has(scenario),
  },
  {
    id: 'plan-reminders',
    what: 'What the server tells an agent in plan mode is short.',
    why: 'The server’s words are long and change with its releases.',
    matches: ({ at, opencode }) =>
      at.endsWith('.text') && String(opencode).startsWith('<system-reminder>'),
  },
  {
    id: 'config-words',
    what: 'What is wrong deep inside a `PATCH /config` or `PATCH /global/config` is refused alike, in other words.',
    why: 'The document joins what the server keeps apart there, and both endpoints are for the server’s own settings.',
    matches: ({ scenario, at }) =>
      /forbids: PATCH \/(global\/)?config$/u.test(scenario) && at.endsWith('.body.data.message'),
  },
  {
    id: 'deleted-retry',
    what: 'A session that is deleted in the middle of its turn ends with the error at once.',
    why: 'The server sometimes takes its own failure to store the text for one of the model and tries again (`retry`, then `busy`) before it gives up.',
    matches: ({ scenario, at }) =>
      scenario === 'delete while text streams' && /session\.status (retry|busy)/u.test(at),
  },
  {
    id: 'aborted-task',
    what: 'The part of an aborted `task` says "Tool execution aborted".',
    why: 'On the server it is chance whether the tool ("Task cancelled") or the abort ends the part first.',
    matches: ({ opencode, at }) => at.includes('state.error') && opencode === 'Task cancelled',
  },
]

/** Whether a difference is a listed one. */
export function isListed(difference: Difference): boolean {
  return listed.some((each) => each.matches(difference))
}
