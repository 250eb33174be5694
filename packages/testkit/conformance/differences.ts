import type { Difference } from './compare.js'

/** A difference that is meant, or that cannot be helped. */
export interface ListedDifference {
  readonly id: string
  /** What is different, for the reader of the fidelity page. */
  readonly what: string
  /** Why. */
  readonly why: string
  readonly matches: (difference: Difference) => boolean
}

/** Every deliberate difference. */
export const listed: readonly ListedDifference[] = [
  {
    id: 'provider-headers',
    what: '`APIError.data.responseHeaders` holds only the content type.',
    why: 'Impostor has no model provider behind it, so there are no headers of an HTTP answer to show.',
    matches: ({ at }) => /\.responseHeaders(\.|$)/u.test(at),
  },
]

/** Whether a difference is a listed one. */
export function isListed(difference: Difference): boolean {
  return listed.some((each) => each.matches(difference))
}
