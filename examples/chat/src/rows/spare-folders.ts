import type { Knex } from 'knex'

/** Folders of the workspace that no conversation has yet, and that the agent's server has open: the first turn in one is as quick as any. */
export interface SpareFolders {
  /** Takes one for a conversation that is made in this transaction; null when there is none. */
  take(trx: Knex): Promise<string | null>
  names(): Promise<readonly string[]>
  add(name: string): Promise<void>
}

const table = 'spare_folders'

export function createSpareFolders(knex: Knex): SpareFolders {
  return {
    async take(trx) {
      const found = (await trx(table).orderBy('made_at', 'desc').first('name')) as
        | { readonly name: string }
        | undefined
      if (found === undefined) return null
      // Someone else may have taken it in the meantime.
      const taken = await trx(table).where('name', found.name).delete()
      return taken === 1 ? found.name : null
    },
    async names() {
      const found = (await knex(table).select('name')) as readonly { readonly name: string }[]
      return found.map(({ name }) => name)
    },
    async add(name) {
      await knex(table).insert({ name, made_at: Date.now() })
    },
  }
}
