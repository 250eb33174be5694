/** An environment variable ends at 128 KiB on Linux; the room left is for escapes that were not counted. */
const maxConfigBytes = 100 * 1024

/** A configuration as it travels in the environment; RangeError when it is too large for that. */
export function toConfigJson(config: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(config)
  if (Buffer.byteLength(json) <= maxConfigBytes) return json
  throw new RangeError(
    '`config` is larger than 100 KiB, which does not fit into an environment variable; put the bulk into an opencode.json file in the directory',
  )
}
