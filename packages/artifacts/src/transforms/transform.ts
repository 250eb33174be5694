/** The agent's file that a {@link Transform} reads. All of it is the agent's word. */
export interface TransformSource {
  /** Its file name, as the agent chose it. */
  readonly name: string
  /** Its bytes, from the start. */
  readonly bytes: Uint8Array
  /** Whether it has more bytes than `maxSourceBytes`, which are not here. */
  readonly isCut: boolean
  /** Aborts when nobody waits for the result any more. */
  readonly signal: AbortSignal
}

/**
 * Makes a file of the host's out of one of the agent's: the agent's data goes in, the host's bytes come out. The names of such files
 * belong to the host, so no agent can attach a file that passes for one. Ready ones are in `@turnstead/artifacts/transforms`.
 */
export interface Transform {
  /** A short name of it; noted as `provenance.tool` of what it makes. */
  readonly name: string
  /** Most bytes of a source that are read. */
  readonly maxSourceBytes: number
  /** The name of the host's file beside the agent's file of this name; `null` when it is none for this transform. The host must own it. */
  destinationOf(name: string): string | null
  /**
   * Whether a file name is the host's, in any folder. It is asked with names folded: compatibility forms (NFKC), in lower case, without
   * invisible characters, of any length.
   */
  owns(foldedName: string): boolean
  /** The host's bytes. When it fails, only this file is dropped, as `transform_failed`. */
  render(source: TransformSource): Uint8Array | Promise<Uint8Array>
}

/** Which names a transform takes, and which are the host's then. */
export interface SuffixRule {
  /** Ends of the agent's names, with the dot, in lower case: `.csv`. */
  readonly from: readonly string[]
  /** What the host's name has after it: `.html` makes `sales.csv.html` of `sales.csv`. */
  readonly add: string
}

/**
 * The names of a {@link Transform} that adds an ending to the agent's name.
 *
 * @example
 * const thumbnails: Transform = {
 *   name: 'thumbnail',
 *   maxSourceBytes: 10_000_000,
 *   ...namedBySuffix({ from: ['.png', '.jpg'], add: '.thumb.webp' }),
 *   render: async ({ bytes }) => sharp(bytes).resize(320).webp().toBuffer(),
 * }
 */
export function namedBySuffix({
  from,
  add,
}: SuffixRule): Pick<Transform, 'destinationOf' | 'owns'> {
  const ends = (name: string, suffix: string): boolean =>
    from.some((each) => name.endsWith(each + suffix))
  return {
    destinationOf: (name) => (ends(name.toLowerCase(), '') ? name + add : null),
    owns: (foldedName) => ends(foldedName, add),
  }
}
