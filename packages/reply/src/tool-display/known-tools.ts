/** What is said of a tool, and where its calls say what they are about. */
export interface ToolWording {
  /** A noun for the call: `Read`. */
  readonly noun: string
  /** What it does, while it does it: `Reading`. A `for` at its end is left out where there is no target. */
  readonly present: string
  /** What it did: `Read`. */
  readonly past: string
  /** Id of an icon, for the host to draw. */
  readonly icon: string
  /** Input fields that name what the call is about, the first that is there. */
  readonly target: readonly string[]
  /** Input fields worth reading, with a label for each. Default: the whole input. */
  readonly fields?: Readonly<Record<string, string>>
}

const file = ['filePath', 'path'] as const

function wording(
  noun: string,
  present: string,
  past: string,
  icon: string,
  ...target: string[]
): ToolWording {
  return { noun, present, past, icon, target }
}

function webSearch(...target: string[]): ToolWording {
  return wording('Web search', 'Searching the web for', 'Searched the web for', 'globe', ...target)
}

const codeSearch = wording(
  'Code search',
  'Searching code for',
  'Searched code for',
  'search',
  'query',
)

/** The tools of the server, and known tools of known MCP servers. */
export const knownTools: Readonly<Record<string, ToolWording>> = {
  read: wording('Read', 'Reading', 'Read', 'file', ...file),
  write: {
    ...wording('Write', 'Writing', 'Wrote', 'file-plus', ...file),
    fields: { content: 'Content' },
  },
  edit: {
    ...wording('Edit', 'Editing', 'Edited', 'pencil', ...file),
    fields: { oldString: 'Before', newString: 'After' },
  },
  multiedit: wording('Edits', 'Editing', 'Edited', 'pencil', ...file),
  apply_patch: {
    ...wording('Patch', 'Patching', 'Patched', 'pencil'),
    fields: { patchText: 'Patch' },
  },
  bash: {
    ...wording('Shell', 'Running', 'Ran', 'terminal', 'command'),
    fields: { command: 'Command' },
  },
  grep: wording('Search', 'Searching for', 'Searched for', 'search', 'pattern'),
  glob: wording('Find', 'Finding', 'Found', 'search', 'pattern'),
  list: wording('List', 'Listing', 'Listed', 'folder', 'path'),
  ls: wording('List', 'Listing', 'Listed', 'folder', 'path'),
  webfetch: wording('Fetch', 'Fetching', 'Fetched', 'globe', 'url'),
  fetch_url: wording('Fetch', 'Fetching', 'Fetched', 'globe', 'url'),
  websearch: webSearch('query'),
  web_search_exa: webSearch('query'),
  search_web: webSearch('q', 'query'),
  codesearch: codeSearch,
  get_code_context_exa: codeSearch,
  company_research_exa: wording(
    'Company research',
    'Researching',
    'Researched',
    'globe',
    'query',
    'companyName',
  ),
  todowrite: wording('Todos', 'Planning', 'Planned', 'list'),
  todoread: wording('Todos', 'Reading the plan', 'Read the plan', 'list'),
  task: {
    ...wording('Task', 'Delegating', 'Delegated', 'users', 'description'),
    fields: { prompt: 'Task' },
  },
  skill: wording('Skill', 'Using', 'Used', 'book', 'skill_name', 'name'),
  question: wording('Question', 'Asking', 'Asked', 'help'),
  invalid: wording('Unknown tool', 'Calling', 'Called', 'tool', 'tool'),
  StructuredOutput: wording('Answer', 'Answering', 'Answered', 'braces'),
}

/** Prefixes that MCP servers put before the names of their tools, with the server's name. */
export const knownPrefixes: Readonly<Record<string, string>> = {
  exa_: 'exa',
  brave_: 'brave',
  serper_: 'serper',
  tavily_: 'tavily',
  'local-web-search_': 'local-web-search',
}
