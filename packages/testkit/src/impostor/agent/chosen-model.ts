import type { MessageRecord } from '../state/records.js'
import type { World } from '../state/world.js'

/** Whether the model that a prompt names is configured. */
export function isKnownModel(world: World, user: MessageRecord): boolean {
  return isConfigured(world, modelOfMessage(world, user))
}

/** Whether there is such a model. */
export function isConfigured(
  world: World,
  { providerID, modelID }: { readonly providerID: unknown; readonly modelID: unknown },
): boolean {
  const { providerId, modelId, models } = world.settings
  return providerID === providerId && (modelID === modelId || models.includes(String(modelID)))
}

/** The model that a prompt names. */
export function modelOfMessage(
  world: World,
  user: MessageRecord,
): { providerID: unknown; modelID: unknown } {
  const model = user.info['model']
  const { providerId, modelId } = world.settings
  if (typeof model !== 'object' || model === null)
    return { providerID: providerId, modelID: modelId }
  return {
    providerID: 'providerID' in model ? model.providerID : providerId,
    modelID: 'modelID' in model ? model.modelID : modelId,
  }
}
