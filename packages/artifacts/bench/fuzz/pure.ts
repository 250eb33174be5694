import { toLogicalPath } from '../../src/directory/agent-path.js'
import { Drop } from '../../src/directory/drop-reason.js'
import { parseEntryName, toObjectPath } from '../../src/disk/paths.js'
import { toFileName, toNumberedName, toShownPath } from '../../src/file-name.js'
import { contentDisposition } from '../../src/serve/content-disposition.js'
import { isArtifactKey, toKeySegment } from '../../src/store/key.js'
import { fromFormName } from '../../src/uploads/form-name.js'
import { isInside, isLinkInside } from '../../src/workspace/manifest.js'
import { tarHeader } from '../../src/workspace/tar.js'
import { createEntryNames } from '../../src/zip/entry-names.js'
import {
  faultOfHeader,
  faultOfKey,
  faultOfLink,
  faultOfName,
  faultOfPath,
  sameness,
} from './oracle.js'

/** Told of what got through: which function, from what, to what, and what is wrong with it. */
export type Escape = (from: string, name: string, result: string, fault: string) => void

const groupSize = 500
const maxZipPath = 260

/** Puts names, one after the other, through every pure function that makes names, paths, keys or headers of them. */
export function createTrial(tell: Escape): {
  readonly judge: (name: string, other: string) => void
} {
  let entryNames = createEntryNames()
  let files = new Set<string>()
  let folders = new Set<string>()
  let segments = new Map<string, string>()
  let places = new Map<string, string>()
  let count = 0

  function startGroup(): void {
    entryNames = createEntryNames()
    files = new Set()
    folders = new Set()
    segments = new Map()
    places = new Map()
  }

  function check(from: string, name: string, result: string, fault: string | null): void {
    if (fault !== null) tell(from, name, result, fault)
  }

  function judgeNames(name: string): void {
    const safe = toFileName(name)
    check('toFileName', name, safe, faultOfName(safe))
    const again = toFileName(safe)
    check(
      'toFileName',
      name,
      safe,
      again === safe ? null : 'another one when it is made safe again',
    )
    const uploaded = toFileName(fromFormName(name).split(/[/\\]/).at(-1) ?? '')
    check('upload', name, uploaded, faultOfName(uploaded))
    const number = 2 + (count % 9_999)
    const numbered = toNumberedName(name, number)
    check('toNumberedName', name, numbered, faultOfName(numbered))
    check(
      'toNumberedName',
      name,
      numbered,
      numbered.includes(`(${number})`) ? null : 'lost its number',
    )
    for (const part of toShownPath(name).split('/')) {
      const isShown = !/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u.test(part)
      check('toShownPath', name, part, isShown ? null : 'shows as something else')
    }
    const header = contentDisposition(count % 2 === 0 ? 'attachment' : 'inline', name)
    check('contentDisposition', name, header, faultOfHeader(header))
  }

  function judgeEntry(name: string): void {
    const path = entryNames(name)
    const parts = path.split('/')
    for (const part of parts) check('zip', name, path, faultOfName(part))
    check('zip', name, path, faultOfPath(path))
    check('zip', name, path, path.length > maxZipPath ? 'is longer than Windows takes' : null)
    const same = parts.map(sameness)
    // A wide slash becomes a slash when it is folded, and is none.
    const whole = same.join('\0')
    check('zip', name, path, files.has(whole) || folders.has(whole) ? 'is there already' : null)
    files.add(whole)
    for (let length = 1; length < same.length; length += 1) {
      const above = same.slice(0, length).join('\0')
      check('zip', name, path, files.has(above) ? "is below another's file" : null)
      folders.add(above)
    }
  }

  function judgePaths(name: string, other: string): void {
    try {
      const path = toLogicalPath(name, ['/agent', 'C:\\agent'])
      check('toLogicalPath', name, path, faultOfPath(path))
    } catch (error) {
      if (!(error instanceof Drop)) throw error
    }
    if (isInside(name)) {
      check('isInside', name, name, faultOfPath(name))
      const header = tarHeader({
        path: name,
        type: 'File',
        mode: 0o644,
        sizeBytes: 1,
        modifiedAt: 0,
      })
      check('tarHeader', name, name, header.byteLength % 512 === 0 ? null : 'is no whole block')
      if (isLinkInside(name, other)) check('isLinkInside', other, name, faultOfLink(name, other))
    }
  }

  function judgeKeys(name: string): void {
    const segment = toKeySegment(name === '' ? 'empty' : name)
    check('toKeySegment', name, segment, faultOfKey(segment))
    const owner = segments.get(segment.toLowerCase()) ?? name
    // A key tells letters apart by case; the disk store does, too, by its own encoding.
    const isTaken = owner !== name && owner.toLowerCase() !== name.toLowerCase()
    check('toKeySegment', name, segment, isTaken ? `is that of ${owner}` : null)
    segments.set(segment.toLowerCase(), name)
    if (!isArtifactKey(name)) return
    check('key', name, name, faultOfKey(name))
    const { file } = toObjectPath('/base', name)
    const below = file.slice('/base/'.length)
    check('disk', name, file, faultOfPath(below))
    for (const part of below.split('/')) {
      check('disk', name, file, faultOfName(part))
      check('disk', name, file, parseEntryName(part) === null ? 'is not read back' : null)
    }
    const taken = places.get(sameness(below)) ?? name
    check('disk', name, file, taken === name ? null : `is the place of ${taken}`)
    places.set(sameness(below), name)
  }

  return {
    judge: (name, other) => {
      if (count % groupSize === 0) startGroup()
      count += 1
      judgeNames(name)
      judgeEntry(name)
      judgePaths(name, other)
      judgeKeys(name)
    },
  }
}
