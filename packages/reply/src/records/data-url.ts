/** Whether an address holds the bytes themselves. */
export function isDataUrl(url: string | null): boolean {
  return url !== null && /^data:/i.test(url)
}

/** How many bytes a `data:` address holds; `null` for any other one. */
export function dataSize(url: string): number | null {
  const head = /^data:([^,]*),/i.exec(url)
  if (head === null) return null
  const isBase64 = /;\s*base64\s*$/i.test(head[1] ?? '')
  let size = 0
  for (let index = head[0].length; index < url.length; index += 1) {
    const code = url.charCodeAt(index)
    // White space and padding hold nothing.
    if (isBase64) size += code > 32 && code !== 61 ? 1 : 0
    else {
      size += 1
      // A percent sign and two digits are one byte.
      if (code === 37) index += 2
    }
  }
  return isBase64 ? Math.floor((size * 3) / 4) : size
}
