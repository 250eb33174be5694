import { rulesFromConfig, type PermissionRule } from './permission-rules.js'
import { asRecord, type Json } from './records.js'
import type { World } from './world.js'

/** Someone who can answer prompts. */
export interface Agent {
  readonly name: string
  readonly mode: string
  readonly description: string | null
  readonly isHidden: boolean
  readonly isNative: boolean
  /** What it may do, weakest rule first. */
  readonly rules: readonly PermissionRule[]
  /** What its configuration says besides, as the server shows it. */
  readonly settings: Json
  /** The model that it asks for; null: the prompt's, or the session's. */
  readonly model: { readonly providerID: string; readonly modelID: string } | null
}

/** Refusals show rules with their keys in the order in which they were made. */
const rule = (
  permission: string,
  action: PermissionRule['action'],
  pattern?: string,
): PermissionRule =>
  pattern === undefined ? { permission, action, pattern: '*' } : { permission, pattern, action }

const home = '/opencode-home'
const toolOutput = rule('external_directory', 'allow', `${home}/data/opencode/tool-output/*`)
const ownFolder = rule('external_directory', 'allow', `${home}/tmp/opencode/*`)

/** What holds for every agent before its own rules. */
const common: readonly PermissionRule[] = [
  rule('*', 'allow'),
  rule('doom_loop', 'ask'),
  rule('external_directory', 'ask', '*'),
  toolOutput,
  ownFolder,
  rule('question', 'deny'),
  rule('plan_enter', 'deny'),
  rule('plan_exit', 'deny'),
  rule('read', 'allow', '*'),
  rule('read', 'ask', '*.env'),
  rule('read', 'ask', '*.env.*'),
  rule('read', 'allow', '*.env.example'),
]

interface NativeAgent {
  readonly mode: 'primary' | 'subagent'
  readonly description?: string
  readonly rules: readonly PermissionRule[]
}

const nothing: NativeAgent = { mode: 'primary', rules: [rule('*', 'deny')] }

const native: Readonly<Record<string, NativeAgent>> = {
  build: {
    mode: 'primary',
    description: 'The default agent. Executes tools based on configured permissions.',
    rules: [rule('question', 'allow'), rule('plan_enter', 'allow')],
  },
  compaction: nothing,
  explore: {
    mode: 'subagent',
    description:
      'Fast agent specialized for exploring codebases. Use this when you need to quickly find files by patterns (eg. "src/components/**/*.tsx"), search code for keywords (eg. "API endpoints"), or answer questions about the codebase (eg. "how do API endpoints work?"). When calling this agent, specify the desired thoroughness level: "quick" for basic searches, "medium" for moderate exploration, or "very thorough" for comprehensive analysis across multiple locations and naming conventions.',
    rules: [
      rule('*', 'deny'),
      ...['grep', 'glob', 'list', 'bash', 'webfetch', 'websearch', 'read'].map((name) =>
        rule(name, 'allow'),
      ),
      rule('external_directory', 'ask', '*'),
      toolOutput,
      ownFolder,
    ],
  },
  general: {
    mode: 'subagent',
    description:
      'General-purpose agent for researching complex questions and executing multi-step tasks. Use this agent to execute multiple units of work in parallel.',
    rules: [rule('todowrite', 'deny')],
  },
  plan: {
    mode: 'primary',
    description: 'Plan mode. Disallows all edit tools.',
    rules: [
      rule('question', 'allow'),
      rule('plan_exit', 'allow'),
      rule('task', 'deny', 'general'),
      rule('external_directory', 'allow', `${home}/data/opencode/plans/*`),
      rule('edit', 'deny', '*'),
      rule('edit', 'allow', '.opencode/plans/*.md'),
      rule('edit', 'allow', 'opencode-home/data/opencode/plans/*.md'),
    ],
  },
  summary: nothing,
  title: nothing,
}

/** The built-in agents and those of the configuration, by name. */
export function agentsOf(world: World): readonly Agent[] {
  const { config } = world.settings
  const configured = asRecord(config['agent']) ?? {}
  const everyone = rulesOfSettings(config)
  const first = config['default_agent'] ?? 'build'
  // The default agent stands before the others.
  const names = [...new Set([...Object.keys(native), ...Object.keys(configured)])].toSorted(
    (one, other) => Number(other === first) - Number(one === first) || (one < other ? -1 : 1),
  )
  return names.flatMap((name): Agent[] => {
    const own = asRecord(configured[name]) ?? {}
    const known = native[name]
    if (own['disable'] === true) return []
    const model = String(own['model'] ?? '')
    const slash = model.indexOf('/')
    return [
      {
        name,
        mode: String(own['mode'] ?? known?.mode ?? 'all'),
        description: textOr(own, known?.description ?? null),
        isHidden: known?.rules === nothing.rules || own['hidden'] === true,
        isNative: known !== undefined,
        rules: [
          ...common,
          ...(known?.rules ?? []),
          ...everyone,
          ...rulesOfSettings(own),
          toolOutput,
        ],
        settings: settingsOf(own),
        model:
          slash < 0 ? null : { providerID: model.slice(0, slash), modelID: model.slice(slash + 1) },
      },
    ]
  })
}

function settingsOf(own: Json): Json {
  const names = ['color', 'options', 'prompt', 'steps', 'temperature', 'variant']
  const given = names.filter((name) => own[name] !== undefined)
  const { top_p: topP } = own
  return {
    ...Object.fromEntries(given.map((name) => [name, own[name]])),
    ...(topP === undefined ? {} : { topP }),
  }
}

function textOr(own: Json, description: string | null): string | null {
  return typeof own['description'] === 'string' ? own['description'] : description
}

/** The agent of a name; null when there is none. */
export function agentOf(world: World, name: string): Agent | null {
  return agentsOf(world).find((each) => each.name === name) ?? null
}

/** Who answers a prompt that names nobody. */
export function defaultAgent(world: World): string {
  const primary = agentsOf(world).filter((each) => each.mode !== 'subagent' && !each.isHidden)
  const wanted = world.settings.config['default_agent']
  const names = primary.map((each) => each.name)
  return names.find((name) => name === wanted) ?? (names.includes('build') ? 'build' : 'plan')
}

/** The names that a prompt may give. */
export function agentNames(world: World): readonly string[] {
  return agentsOf(world).flatMap((each) => (each.isHidden ? [] : [each.name]))
}

/** What an agent may do before its session's rules. */
export function agentRules(world: World, name: string): readonly PermissionRule[] {
  return agentOf(world, name)?.rules ?? common
}

/** The rules of a configuration or of one of its agents: those of its `permission`, after those of the older `tools`. */
function rulesOfSettings({ permission, tools }: Json): readonly PermissionRule[] {
  const switches = Object.entries(asRecord(tools) ?? {}).map(([tool, isOn]) => [
    ['write', 'edit', 'patch', 'multiedit'].includes(tool) ? 'edit' : tool,
    isOn === true ? 'allow' : 'deny',
  ])
  const own = typeof permission === 'string' ? { '*': permission } : asRecord(permission)
  return rulesFromConfig({ ...Object.fromEntries(switches), ...own })
}
