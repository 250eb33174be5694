import { Redis } from 'ioredis'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

const usualUrl = 'redis://127.0.0.1:6379'

/** A Redis: that of `TEST_REDIS_URL`, else one that runs on this machine, else one that is started. */
export async function openRedis(): Promise<{ url: string; close: () => void } | string> {
  const given = process.env['TEST_REDIS_URL'] ?? ''
  if (given !== '') return { url: given, close: () => undefined }
  if (await answers(usualUrl)) return { url: usualUrl, close: () => undefined }
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    return 'no TEST_REDIS_URL, none at 127.0.0.1:6379, and no redis-server in the PATH'
  }
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server: ChildProcess = spawn('redis-server', args, { stdio: 'ignore' })
  const kill = (): void => void server.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(server, 'exit').then(() => true)
  while (!(await answers(url))) {
    const isOver = await Promise.race([
      ended,
      new Promise((resolve) => setTimeout(resolve, 20, false)),
    ])
    if (isOver) return 'redis-server ended as soon as it was started'
  }
  return {
    url,
    close: () => {
      process.off('exit', kill)
      kill()
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
