/** What the processes of a fleet are told, as one variable of their environment. */
export interface Setting {
  readonly engine: EngineName
  readonly databaseUrl: string
  readonly redisUrl: string | null
  /** The schema or the name of the queue. */
  readonly queue: string
  readonly openCodeUrls: readonly string[]
  readonly webhookUrl: string
  readonly secret: string
  readonly concurrency: number
  readonly owner: string
}

export type EngineName = 'graphile-worker' | 'BullMQ'

export const engineNames: readonly EngineName[] = ['graphile-worker', 'BullMQ']

/** Turns of a fleet die often: what is 30 s in production is short here. */
export const leaseMs = 4_000

export function readSetting(): Setting {
  return JSON.parse(process.env['FLEET'] ?? '{}') as Setting
}
