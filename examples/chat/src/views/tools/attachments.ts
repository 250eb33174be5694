import type { FilePart, StoredFile, ToolPart } from '@turnstead/reply'
import { html, type Html } from '@turnstead/reply/turbo'
import { formatBytes } from '../atoms/format.js'
import { icon } from '../atoms/icons.js'

/** Pictures that run nothing. */
export const pictureTypes: readonly string[] = [
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
]
/** As bytes in the page: nobody else is asked for them. */
const inPage = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/
/** A larger one is fetched, not sent with every change of its call. */
const maxLength = 500_000

/** Files that a call handed to the model. `picturesAt`: where those are to be had whose bytes are not here. */
export function attachments(part: ToolPart, picturesAt: string | undefined): Html {
  return html`${part.attachments.map((file, index) => attachment(file, hrefOf(part, index, picturesAt)))}`
}

/** A file in the answer itself. */
export function filePart(part: FilePart, picturesAt: string | undefined): Html {
  return attachment(part, hrefOf(part, 0, picturesAt))
}

function hrefOf(
  { id }: { readonly id: string },
  index: number,
  at: string | undefined,
): string | null {
  return at === undefined ? null : `${at}/${encodeURIComponent(id)}/${index}`
}

function attachment({ filename, mime, size, url }: StoredFile, href: string | null): Html {
  const name = filename ?? mime
  const source = url !== null && url.length <= maxLength && inPage.test(url) ? url : href
  if (source !== null && pictureTypes.includes(mime)) {
    return html`<img class="seen" src="${source}" alt="${name}" loading="lazy" />`
  }
  return html`<p class="kept">
    ${icon('file')} ${name}${size !== null && html`, ${formatBytes(size)}`}
  </p>`
}
