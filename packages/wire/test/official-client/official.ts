import { createOpencodeClient } from '@opencode-ai/sdk'
import { createOpencodeClient as createOpencodeClientV2 } from '@opencode-ai/sdk/v2'

/** What its users can tune; the waits are made short, or replaced, so that no test sleeps. */
export interface OfficialOptions {
  readonly signal: AbortSignal
  readonly sseDefaultRetryDelay?: number
  readonly sseMaxRetryDelay?: number
  readonly sseSleepFn?: (ms: number) => Promise<void>
}

type OpenOfficial = (baseUrl: string, options: OfficialOptions) => Promise<AsyncGenerator<unknown>>

/** The event stream of the official client, by each of its entry points. */
export const officialEntries: readonly (readonly [name: string, open: OpenOfficial])[] = [
  [
    '@opencode-ai/sdk',
    async (baseUrl, options) =>
      (await createOpencodeClient({ baseUrl }).event.subscribe(options)).stream,
  ],
  [
    '@opencode-ai/sdk/v2',
    async (baseUrl, options) =>
      (await createOpencodeClientV2({ baseUrl }).event.subscribe({}, options)).stream,
  ],
]
