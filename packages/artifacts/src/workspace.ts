/**
 * Backups of an agent's workspace on any store.
 *
 * ```ts
 * const { id } = await backupWorkspace({ store, directory: '/srv/agents/7', name: conversationId })
 * await restoreWorkspace({ store, directory: '/srv/agents/8', name: conversationId, id })
 * ```
 */
export { backupWorkspace, type BackupOptions, type BackupReport } from './workspace/backup.js'
export type { BackupLimits } from './workspace/limits.js'
export { listBackups, type Backup } from './workspace/list-backups.js'
export { pruneBackups, type PruneBackupsOptions } from './workspace/prune-backups.js'
export { defaultIgnored } from './workspace/take-backup.js'
export { restoreWorkspace, type RestoreOptions, type RestoreReport } from './workspace/restore.js'
export type { SkippedInWorkspace } from './workspace/walk.js'
export type { WorkingPart, WorkingReply } from './workspace/rest.js'
export {
  scheduleBackups,
  type BackupSchedule,
  type BackupScheduleOptions,
} from './workspace/schedule.js'
