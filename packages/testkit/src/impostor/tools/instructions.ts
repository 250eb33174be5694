import { dirname, join } from 'node:path'
import { isWithin } from '../state/directories.js'
import { asRecord } from '../state/records.js'
import type { ToolContext } from './tool-context.js'

const names = ['AGENTS.md', 'CLAUDE.md', 'CONTEXT.md']

/** Instructions in the folders of a file below the project's own, each told once in a session. */
export function instructionsFor(
  { session, world }: ToolContext,
  path: string,
): readonly { readonly path: string; readonly content: string }[] {
  const root = session.info.directory
  const told = new Set(
    [...session.messages.values()].flatMap(({ parts }) =>
      [...parts.values()].flatMap((part) => {
        const loaded = asRecord(asRecord(part['state'])?.['metadata'])?.['loaded']
        return Array.isArray(loaded) ? loaded.map(String) : []
      }),
    ),
  )
  const found: { path: string; content: string }[] = []
  for (let folder = dirname(path); folder !== root && isWithin(folder, root);) {
    const file = names
      .map((name) => join(folder, name))
      .find((each) => world.files.read(each) !== null)
    if (file !== undefined && file !== path && !told.has(file)) {
      const content = new TextDecoder().decode(world.files.read(file) ?? undefined)
      found.push({ path: file, content: `Instructions from: ${file}\n${content}` })
    }
    folder = dirname(folder)
  }
  return found
}
