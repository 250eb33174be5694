import type { ArtifactCatalog, CatalogEntry } from '../../src/catalog/catalog.js'

/** A catalog that breaks one promise of the contract, made of one that keeps all. */
export interface BrokenCatalog {
  readonly breaks: string
  readonly make: (good: ArtifactCatalog) => ArtifactCatalog
}

const changed = (entry: CatalogEntry, more: Partial<CatalogEntry>): CatalogEntry => ({
  ...entry,
  ...more,
})

export const brokenCatalogs: readonly BrokenCatalog[] = [
  {
    breaks: 'what was recorded comes back as it was, with everything that is unusual about it',
    make: (good) => ({
      ...good,
      record: (entries) => good.record(entries.map((each) => changed(each, { trusted: false }))),
    }),
  },
  {
    breaks: 'a file is found in its own turn only',
    make: (good) => ({
      ...good,
      find: async (_turnId, id) => {
        for await (const entry of good.list('all')) if (entry.id === id) return entry
        return null
      },
    }),
  },
  {
    breaks: 'turns whose ids differ in case only are two',
    make: (good) => ({
      ...good,
      record: (entries) =>
        good.record(entries.map((each) => changed(each, { turnId: each.turnId.toLowerCase() }))),
    }),
  },
  {
    breaks: 'a turn has one row for a path: the last one recorded',
    make: (good) => ({
      ...good,
      record: async (entries) => {
        for (const entry of entries) {
          let isThere = false
          for await (const { path } of good.list({ turnId: entry.turnId })) {
            isThere ||= path === entry.path
          }
          if (!isThere) await good.record([entry])
        }
      },
    }),
  },
  {
    breaks:
      'list gives the files of a turn, of a conversation, or all, the oldest first, however many',
    make: (good) => ({
      ...good,
      list: async function* (owner) {
        let left = 200
        for await (const entry of good.list(owner)) if (left-- > 0) yield entry
      },
    }),
  },
  {
    breaks: 'remove takes the rows of one owner and leaves the others',
    make: (good) => ({
      ...good,
      remove: async (owner) => {
        if ('turnId' in owner) return good.remove(owner)
        let removed = 0
        for await (const entry of good.list('all')) removed += await good.removeEntries([entry])
        return removed
      },
    }),
  },
  {
    breaks: 'removeEntries removes only rows that are still the same',
    make: (good) => ({
      ...good,
      removeEntries: async ([first]) => good.remove({ turnId: first?.turnId ?? '' }),
    }),
  },
  {
    breaks: 'bytes whose row was never written are found, once they are old',
    make: (good) => ({ ...good, announce: async () => [] }),
  },
  {
    breaks: 'what is announced again is young again',
    make: (good) => {
      const known = new Set<string>()
      return {
        ...good,
        announce: async (keys) => {
          const news = keys.filter((key) => !known.has(key))
          for (const key of news) known.add(key)
          return good.announce(news)
        },
      }
    },
  },
  {
    breaks: 'bytes that a row refers to are never taken, and no longer looked at',
    make: (good) => ({
      ...good,
      remove: async (owner) => {
        const keys: string[] = []
        for await (const { key } of good.list(owner)) keys.push(key)
        const removed = await good.remove(owner)
        // As though the last owner of a row owned the bytes.
        for await (const entry of good.list('all')) {
          if (keys.includes(entry.key)) await good.removeEntries([entry])
        }
        return removed
      },
    }),
  },
  {
    breaks: 'many keys that rows refer to hide none that has no row',
    make: (good) => {
      const announced: string[] = []
      return {
        ...good,
        announce: async (keys) => {
          announced.push(...keys)
          return good.announce(keys)
        },
        takeUnreferenced: async (options) => {
          const looked = announced.splice(0, options.limit)
          const taken = await good.takeUnreferenced(options)
          return taken.filter((key) => looked.includes(key))
        },
      }
    },
  },
  {
    breaks: 'bytes whose row was replaced are found',
    make: (good) => ({
      ...good,
      record: async (entries) => {
        for await (const entry of good.list('all')) {
          const later = entries.find(({ path }) => path === entry.path)
          if (later !== undefined) return good.record([changed(later, { key: entry.key })])
        }
        return good.record(entries)
      },
    }),
  },
  {
    breaks: 'of many that take at once each key goes to one, and to another when that one died',
    make: (good) => ({
      ...good,
      takeUnreferenced: (options) => good.takeUnreferenced({ ...options, leaseMs: 0 }),
    }),
  },
  {
    breaks: 'announce says what is being removed, until it is gone',
    make: (good) => ({
      ...good,
      announce: async (keys) => {
        await good.announce(keys)
        return []
      },
    }),
  },
  {
    breaks: 'takeUnreferenced takes no more than its limit, the oldest first',
    make: (good) => ({
      ...good,
      takeUnreferenced: (options) => good.takeUnreferenced({ ...options, limit: 100 }),
    }),
  },
  {
    breaks: 'forget leaves alone what nobody removes',
    make: (good) => ({
      ...good,
      forget: async (keys) => {
        await good.takeUnreferenced({ olderThanMs: 0, leaseMs: 1, limit: 100 })
        await good.forget(keys)
      },
    }),
  },
]
