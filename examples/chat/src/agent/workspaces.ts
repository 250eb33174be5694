import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** What of a conversation says where its agent works. */
export interface Foldered {
  /** Null for a conversation that is older than folders. */
  readonly folder: string | null
}

/** Where agents work: each conversation has a folder of its own, so that none sees another's files by accident. */
export interface Workspaces {
  directoryOf(conversation: Foldered): string
  /** The same, made when it is missing. */
  open(conversation: Foldered): Promise<string>
  /** Removes what its agent made there. A folder that others have too stays. */
  remove(conversation: Foldered): Promise<void>
  /** Folders of this machine whose paths no page shall see, the inner ones first. */
  rootsOf(conversation: Foldered): readonly string[]
}

export interface WorkspacesOptions {
  /** Below it the folders are. */
  readonly workspace: string
  /** Other folders whose paths no page shall see. */
  readonly hidden: readonly string[]
}

export function createWorkspaces({ workspace, hidden }: WorkspacesOptions): Workspaces {
  const directoryOf = ({ folder }: Foldered): string =>
    folder === null ? workspace : join(workspace, folder)
  return {
    directoryOf,
    async open(conversation) {
      const directory = directoryOf(conversation)
      await mkdir(directory, { recursive: true })
      return directory
    },
    async remove(conversation) {
      if (conversation.folder === null) return
      await rm(directoryOf(conversation), { recursive: true, force: true })
    },
    rootsOf: (conversation) => [
      ...new Set([directoryOf(conversation), workspace, ...hidden].map((path) => resolve(path))),
    ],
  }
}
