import { foldChange } from '../../src/changes.js'
import type { ReplyView } from '../../src/index.js'

/** A server-sent event. */
export interface Frame {
  readonly id: string
  readonly event: string
  readonly data: string
}

/** Reads the text of one frame. */
export function parseFrame(text: string): Frame {
  const field = (name: string): string =>
    new RegExp(`^${name}: ([^\\r\\n]*)$`, 'm').exec(text)?.[1] ?? ''
  return { id: field('id'), event: field('event'), data: field('data') }
}

/** The view of a browser that had `start` and read these frames. */
export function foldFrames(frames: readonly Frame[], start: ReplyView): ReplyView {
  return frames.reduce((view, { event, data }) => {
    if (event === 'snapshot') return JSON.parse(data)
    return event === 'change' ? foldChange(view, JSON.parse(data)) : view
  }, start)
}
