import type { ReactNode } from 'react'

interface SectionProps {
  readonly title: string
  /** How much is in it; nothing is shown of an empty one. */
  readonly count?: number
  readonly isOpen?: boolean
  readonly children: ReactNode
}

/** A part of a run that can be folded: by the browser's own element, which a keyboard reaches. */
export function Section({ title, count, isOpen = false, children }: SectionProps): ReactNode {
  if (count === 0) return null
  return (
    <details open={isOpen}>
      <summary>
        {title}
        {count !== undefined && ` (${count})`}
      </summary>
      {children}
    </details>
  )
}
