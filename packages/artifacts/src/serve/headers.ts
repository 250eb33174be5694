import { contentDisposition } from './content-disposition.js'
import { isHostPage, pageType } from '../catalog/artifact.js'
import { isInlineSafe, toSafeContentType } from '../content-type.js'
import type { ArtifactStat } from '../store/store.js'

/** How to present a stored object. */
export interface ArtifactHeadersOptions {
  /** File name for the person; made safe. Default: the metadata's `name`, else `file`. */
  readonly name?: string | undefined
  /**
   * `inline` shows raster images, plain text, audio and video in place; for every other type it is
   * ignored. Default: `attachment`.
   */
  readonly disposition?: 'attachment' | 'inline' | undefined
  /**
   * Shows pages that the host itself made by a transform in place, with `disposition: 'inline'`: as HTML, in an empty sandbox. No file of
   * an agent's becomes one, whatever it is called. Default: false.
   */
  readonly hostPages?: boolean | undefined
  /**
   * `Cache-Control`; `no-transform` is added, because ranges count the bytes as they are and a layer that compresses
   * them would make a resumed download a broken file. Default: `private, no-cache`: kept by the browser, asked again by ETag.
   */
  readonly cacheControl?: string | undefined
}

/** The entity tag of an object: its digest. */
export function entityTag(stat: Pick<ArtifactStat, 'sha256'>): string {
  return `"${stat.sha256}"`
}

/**
 * Headers that make it safe to serve bytes that an agent wrote: the type comes from the name and a list of
 * harmless types, the browser may not guess another, and should it show the bytes anyway, they may load nothing and run
 * no script, in an empty sandbox wherever the type can be shown in one.
 */
export function artifactHeaders(
  stat: ArtifactStat,
  options: ArtifactHeadersOptions = {},
): Record<string, string> {
  const { disposition = 'attachment', cacheControl = 'private, no-cache' } = options
  const name = options.name ?? stat.metadata['name'] ?? 'file'
  const isPage = options.hostPages === true && disposition === 'inline' && isHostPage(stat)
  const contentType = isPage ? pageType : toSafeContentType(name)
  const isInline = isPage || (disposition === 'inline' && isInlineSafe(contentType))
  return {
    'content-type': contentType,
    'content-length': String(stat.sizeBytes),
    'content-disposition': contentDisposition(isInline ? 'inline' : 'attachment', name),
    'content-security-policy': contentPolicy(isInline ? contentType : null),
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    etag: entityTag(stat),
    'cache-control': /\bno-transform\b/i.test(cacheControl)
      ? cacheControl
      : [cacheControl, 'no-transform'].filter((each) => each !== '').join(', '),
  }
}

/**
 * The page that a browser makes around an image, a sound or a film needs its own styles, and a player fetches the file
 * again: from a sandbox that counts as another site, and it stays silent.
 */
function contentPolicy(inlineType: string | null): string {
  if (inlineType !== null && /^(audio|video)\//.test(inlineType)) {
    return "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
  }
  if (inlineType !== null && inlineType.startsWith('image/')) {
    return "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
  }
  if (inlineType === pageType) return "sandbox; default-src 'none'; style-src 'unsafe-inline'"
  return "sandbox; default-src 'none'"
}
