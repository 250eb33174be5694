import { findPlace, placeConversation } from '../creation/place-conversation.js'
import {
  knownServers,
  markedServers,
  markServer,
  serverLoads,
} from '../statements/upkeep/servers.js'
import type { ServerVerbs } from '../store/server-verbs.js'
import type { Tables } from '../tables.js'
import { asRowId, assertName } from '../values/asserts.js'

const longestName = 255
const states: readonly string[] = ['active', 'draining', 'retired']

/** @internal */
export function serverVerbs(tables: Tables): ServerVerbs {
  return {
    placeConversation: async (lease, { server }) =>
      placeConversation(tables, lease, assertName('server', server, longestName)),
    serverOf: async (conversationId) =>
      (await findPlace(tables, asRowId('conversationId', conversationId)))?.server ?? null,
    markServer: async (mark) => {
      assertName('name', mark.name, longestName)
      if (!states.includes(mark.state)) {
        throw new TypeError('`state` must be `active`, `draining` or `retired`.')
      }
      await markServer(tables, mark)
    },
    knownServers: () => knownServers(tables),
    markedServers: () => markedServers(tables),
    serverLoads: () => serverLoads(tables),
  }
}
