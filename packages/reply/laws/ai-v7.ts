/** The newest AI SDK asks for Node 22. Where it does not load, its part of the law is left out, and that is said. */
async function load(): Promise<unknown> {
  try {
    return await import('ai-v7')
  } catch (error) {
    console.warn(
      `ai 7 does not load on Node ${process.version}, its reader is not tested: ${String(error)}`,
    )
    return await import('ai-v6')
  }
}

const loaded = (await load()) as { readonly readUIMessageStream: unknown }

/** `readUIMessageStream` of the newest AI SDK that runs here. */
export const read7: unknown = loaded.readUIMessageStream
