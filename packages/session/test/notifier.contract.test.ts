import { databases } from '@turnstead-internal/databases'
import type { OpenDatabase } from '@turnstead-internal/databases'
import { runContract } from '@turnstead/testkit/contract'
import { expect } from 'chai'
import { after, before, describe, it } from 'mocha'
import { notifierContract } from '../src/contract.js'
import type { NotifierCase, NotifierSubject } from '../src/contract.js'
import { createLocalNotifier } from '../src/index.js'
import type { OpenNotifier } from '../src/index.js'
import { createPostgresNotifier } from '../src/postgres-notifier.js'
import { createRedisNotifier } from '../src/redis-notifier.js'
import { brokenNotifiers } from './support/broken-notifiers.js'
import { startCuttingProxy } from './support/cutting-proxy.js'

let topics = 0
const newTopic = (): string => {
  topics += 1
  return `turn:${process.pid}-${topics}`
}

runContract({ describe, it }, 'createLocalNotifier', notifierContract, {
  open: async () => {
    const notifier = createLocalNotifier()
    const subject = { notifier, another: () => notifier, topic: newTopic() }
    return { subject, close: async () => undefined }
  },
})

/** A case's notifiers over one proxy, which can be cut. */
async function openNetworked(
  url: string,
  create: (url: string) => OpenNotifier,
): Promise<{ subject: NotifierSubject; close: () => Promise<void> }> {
  const proxy = await startCuttingProxy(url)
  const opened: OpenNotifier[] = []
  const open = (): OpenNotifier => {
    const notifier = create(proxy.url)
    opened.push(notifier)
    return notifier
  }
  const another = open()
  return {
    subject: {
      notifier: open(),
      another: () => another,
      topic: newTopic(),
      interrupt: async () => proxy.cut('reset'),
    },
    close: async () => {
      for (const notifier of opened) await notifier.close()
      await proxy.close()
    },
  }
}

describe('createPostgresNotifier', () => {
  const kind = databases.find(({ name }) => name === 'postgresql')
  if (kind === undefined || kind.skip !== null) {
    it(`keeps the contract (skipped: ${kind?.skip ?? 'no PostgreSQL'})`)
    return
  }
  let database: OpenDatabase
  before(async () => {
    database = await kind.open()
  })
  after(() => database.close())
  runContract({ describe, it }, 'contract', notifierContract, {
    open: () => openNetworked(database.url, (connection) => createPostgresNotifier({ connection })),
  })
})

describe('createRedisNotifier', () => {
  const url = process.env['TEST_REDIS_URL'] ?? ''
  if (url === '') {
    it('keeps the contract (skipped: set TEST_REDIS_URL to a Redis server)')
    return
  }
  runContract({ describe, it }, 'contract', notifierContract, {
    open: () => openNetworked(url, (connection) => createRedisNotifier({ connection })),
  })
})

describe('notifierContract', () => {
  for (const { defect, caughtBy, breakNotifier } of brokenNotifiers) {
    it(`catches a notifier that ${defect}`, async () => {
      const failures: string[] = []
      for (const each of notifierContract) {
        if (!caughtBy.includes(each.name)) continue
        const notifier = breakNotifier(createLocalNotifier())
        if (!(await isKept(each, { notifier, another: () => notifier, topic: newTopic() }))) {
          failures.push(each.name)
        }
      }
      expect(failures).to.deep.equal([...caughtBy])
    })
  }
})

/** A message that must come and does not makes a case wait forever. */
async function isKept({ run }: NotifierCase, subject: NotifierSubject): Promise<boolean> {
  const quiet = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 100))
  const kept = run(subject).then(
    () => true,
    () => false,
  )
  return Promise.race([kept, quiet])
}
