const required: Readonly<Record<string, readonly string[]>> = {
  write: ['content', 'filePath'],
  edit: ['filePath', 'oldString', 'newString'],
  read: ['filePath'],
  bash: ['command'],
  apply_patch: ['patchText'],
  question: ['questions'],
  todowrite: ['todos'],
  task: ['description', 'prompt', 'subagent_type'],
  webfetch: ['url'],
}

/** The first argument that a tool needs and does not have; null when nothing is missing. */
export function missingKey(tool: string, input: Readonly<Record<string, unknown>>): string | null {
  return required[tool]?.find((key) => input[key] === undefined) ?? null
}
