// The other side of the socket, in a process of its own: sends a form with one file, or reads an answer to its end, as often as it is told.
import { request, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { isFixture, piecesOf } from '../fixture.js'

/** What to do. */
export interface Errand {
  readonly kind: 'send' | 'receive'
  readonly url: string
  readonly sizeBytes: number
}

async function sendForm({ url, sizeBytes }: Errand): Promise<void> {
  const boundary = 'form-of-the-bench'
  const type = 'content-type: application/octet-stream'
  const disposition = 'content-disposition: form-data; name="file"; filename="big.bin"'
  const head = Buffer.from(`--${boundary}\r\n${disposition}\r\n${type}\r\n\r\n`)
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const outgoing = request(url, {
    method: 'POST',
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.byteLength + sizeBytes + tail.byteLength,
    },
  })
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve).on('error', reject)
  })
  const form = function* (): Generator<Buffer> {
    yield head
    yield* piecesOf(0, sizeBytes)
    yield tail
  }
  await pipeline(Readable.from(form(), { objectMode: false }), outgoing)
  const response = await answered
  response.resume()
  if (response.statusCode !== 200) throw new Error(`The form was answered ${response.statusCode}.`)
}

async function receive({ url, sizeBytes }: Errand): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url).on('response', resolve).on('error', reject).end()
  })
  let length = 0
  for await (const chunk of response) {
    const bytes = chunk as Buffer
    if (!isFixture(bytes, length)) throw new Error('Other bytes came than were stored.')
    length += bytes.byteLength
  }
  if (length !== sizeBytes) throw new Error(`${length} bytes came instead of ${sizeBytes}.`)
}

process.on('message', (errand: Errand) => {
  const going = errand.kind === 'send' ? sendForm(errand) : receive(errand)
  going.then(
    () => process.send?.('done'),
    (error: unknown) => process.send?.(String(error)),
  )
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
