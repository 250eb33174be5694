/** Why the application cannot start, as one sentence for the person who started it. */
export class StartError extends Error {
  override readonly name: string = 'StartError'
}
