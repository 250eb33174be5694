const hooks = new Set<() => void>()

/**
 * Runs the function when this process exits normally. One listener serves all servers, and it is gone
 * when the last of them is closed. Returns how to take the function back.
 */
export function onProcessExit(hook: () => void): () => void {
  if (hooks.size === 0) process.on('exit', runAll)
  hooks.add(hook)
  return () => {
    hooks.delete(hook)
    if (hooks.size === 0) process.off('exit', runAll)
  }
}

function runAll(): void {
  // Newest first: processes are stopped before the folders that they use are removed.
  for (const hook of [...hooks].toReversed()) {
    try {
      hook()
    } catch {
      // One server that cannot be cleaned up must not keep the others running.
    }
  }
}
