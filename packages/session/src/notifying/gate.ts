/** Something to wait for. */
export interface Gate {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
  /** Whether it was resolved or rejected. */
  isOpen(): boolean
}

export function createGate(): Gate {
  let isOpen = false
  let settle = { resolve: (): void => undefined, reject: (_error: unknown): void => undefined }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // Whether anyone waits is not known here.
  promise.catch(() => undefined)
  return {
    promise,
    resolve() {
      isOpen = true
      settle.resolve()
    },
    reject(error) {
      isOpen = true
      settle.reject(error)
    },
    isOpen: () => isOpen,
  }
}
