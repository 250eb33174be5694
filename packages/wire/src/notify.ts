/** Calls an observer; its mistake, thrown or rejected, must not end what it observes. */
export function notify<T>(observer: ((value: T) => unknown) | undefined, value: T): void {
  try {
    Promise.resolve(observer?.(value)).catch(() => {})
  } catch {
    // It is the observer's.
  }
}
