import type { Flow } from './flow.js'
import { aiSdkFlows } from './flows/ai-sdk.js'
import { assistantUiFlows } from './flows/assistant-ui.js'
import { cliFlows } from './flows/cli.js'
import { sdkV1Flows } from './flows/sdk-v1.js'
import { sdkV2Flows } from './flows/sdk-v2.js'
import { tuiFlows } from './flows/tui.js'

/** All flows of all clients. */
export const flows: readonly Flow[] = [
  ...tuiFlows,
  ...cliFlows,
  ...sdkV1Flows,
  ...sdkV2Flows,
  ...aiSdkFlows,
  ...assistantUiFlows,
]
