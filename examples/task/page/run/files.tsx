import type { OpenCodeRunOutput } from '@turnstead/task'
import { type ReactNode, useEffect, useState } from 'react'
import type { ChatApi, KeptFile } from '../chat-api.js'
import { Section } from './section.js'

interface FilesProps {
  readonly api: ChatApi
  readonly toolCallId: string
  /** Files that the agent edited. */
  readonly edited: readonly string[]
  /** The file that was to be the result. */
  readonly named: OpenCodeRunOutput['outputFile']
}

/** What was kept of a run that is over. */
export function Files({ api, toolCallId, edited, named }: FilesProps): ReactNode {
  const [files, setFiles] = useState<readonly KeptFile[]>([])
  useEffect(() => {
    let isGone = false
    const show = (list: readonly KeptFile[]): void => void (isGone || setFiles(list))
    api.files(toolCallId).then(show, () => show([]))
    return () => void (isGone = true)
  }, [api, toolCallId])
  return (
    <>
      {named?.isVerified === false && <p role="alert">{named.path} is not there.</p>}
      {files.length === 0 && edited.length > 0 && <p>None of the files is kept.</p>}
      <Section title="Files" count={files.length} isOpen>
        <ul>
          {files.map(({ href, id, path, sizeBytes }) => (
            <li key={id}>
              <a href={href} download>
                Download {path}
              </a>{' '}
              <span className="faint">
                {sizeBytes} bytes{named?.isVerified && named.path === path && ', the result'}
              </span>
            </li>
          ))}
        </ul>
      </Section>
    </>
  )
}
