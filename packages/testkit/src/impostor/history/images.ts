/** Whether these bytes are a picture that the server can decode, as far as their frame tells. */
export function isPicture(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begins = (text: string, at = 0): boolean =>
    buffer.toString('latin1', at, at + text.length) === text
  const holds = (text: string): boolean => buffer.includes(Buffer.from(text, 'latin1'))
  if (begins('\u0089PNG\r\n\u001A\n')) return begins('IHDR', 12) && holds('IDAT') && holds('IEND')
  if (begins('\u00FF\u00D8\u00FF')) return holds('\u00FF\u00DA') && holds('\u00FF\u00D9')
  if (begins('GIF8')) return buffer.length > 13 && holds('\u002C')
  if (begins('RIFF')) return begins('WEBPVP8', 8) && buffer.length > 20
  if (begins('BM')) return buffer.length > 54
  return begins('II*\u0000') || begins('MM\u0000*') || begins('\u0000\u0000\u0001\u0000')
}
