/** What an open page costs the server while a turn runs: pages of many people, each with the stream of its browser. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gate, reply, startImpostor, text } from '@turnstead/testkit'
import { startChatProcess } from '../test/support/chat-process.js'

/** As many as one process runs at once, each of another reader, who may have a hundred streams. */
const conversations = 10
const pages = 900
const userHeader = 'x-reader'
const readerOf = (conversation: number): Record<string, string> => ({
  [userHeader]: `reader-${conversation}`,
})
const name = 'chat.server.memory_per_open_page_kb'
/** What the answers have so far, which each page is shown at first. */
const soFar = 'This is what the agent has said until now, and it is not over yet. '.repeat(40)

interface Opened {
  readonly response: IncomingMessage
  /** All that the page has to be shown at first has come. */
  readonly shown: Promise<void>
}

export const memoryPerOpenPage = {
  name,
  async run() {
    if (process.platform !== 'linux') {
      process.stderr.write('# skipped: the memory of a process is read from /proc\n')
      return []
    }
    const impostor = await startImpostor(() => reply(text(soFar), gate('never')))
    const dataDir = await mkdtemp(join(tmpdir(), 'turnstead-chat-'))
    const env = { OPENCODE_BASE_URL: impostor.url, CHAT_LOGIN: '', CHAT_USER_HEADER: userHeader }
    const chat = await startChatProcess({ dataDir, env })
    const agent = new Agent({ maxSockets: Infinity })

    const open = async (conversation: number): Promise<Opened> => {
      const headers = readerOf(conversation)
      const request = get(`${chat.url}/stream?c=${conversation}.1.`, { agent, headers })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      if (response.statusCode !== 200)
        throw new Error(`a stream was refused: ${response.statusCode}`)
      response.setEncoding('utf8')
      const shown = new Promise<void>((resolve) => {
        let said = ''
        const read = (chunk: string): void => {
          said += chunk
          if (!said.includes('it is not over yet')) return
          response.off('data', read)
          response.resume()
          resolve()
        }
        response.on('data', read)
      })
      return { response, shown }
    }
    const openAll = async (count: number): Promise<readonly Opened[]> => {
      const opened: Opened[] = []
      for (let number = 0; number < count; number += 1) {
        const page = await open(1 + (number % conversations))
        await page.shown
        opened.push(page)
      }
      return opened
    }
    const closeAll = (opened: readonly Opened[]): void => {
      for (const { response } of opened) response.destroy()
    }

    try {
      for (let number = 0; number < conversations; number += 1) {
        const body = new URLSearchParams({ prompt: 'Go' })
        const headers = readerOf(number + 1)
        const form = { method: 'POST', body, headers, redirect: 'manual' } as const
        await fetch(`${chat.url}/conversations`, form)
      }
      // As many as will be there, so that what is kept for the next ones is there already.
      closeAll(await openAll(pages))
      await sleep(12_000)
      const before = residentKb(chat.pid)
      const opened = await openAll(pages)
      await sleep(2_000)
      const after = residentKb(chat.pid)
      closeAll(opened)
      const value = Math.max(0, Math.round(((after - before) / pages) * 10) / 10)
      return [{ name, value, unit: 'kB', better: 'lower' }] as const
    } finally {
      agent.destroy()
      await chat.end('SIGKILL')
      await impostor.close()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}

function residentKb(pid: number): number {
  const [, kb = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb)
}
