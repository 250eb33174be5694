/** Of a turn that may still change. */
export const openStatuses: readonly string[] = ['pending', 'running', 'waiting']
