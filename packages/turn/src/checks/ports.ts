/** What a host hands in, as far as a caller without types may get it wrong. */
export interface GivenPorts {
  readonly client?: unknown
  readonly store?: unknown
  readonly history?: unknown
  readonly notifier?: unknown
  readonly artifacts?: unknown
}

/** What each of them has, and where one comes from. */
const ports: Readonly<
  Record<keyof GivenPorts, { readonly verbs: readonly string[]; readonly from: string }>
> = {
  client: {
    verbs: ['request', 'withScope'],
    from: '`createClient` of `@turnstead/wire`, or several servers as `[{ name, client }]`',
  },
  store: {
    verbs: ['claim', 'claimConversation', 'adopt', 'renew', 'release', 'recordPrompt', 'settle'],
    from: '`createSessionStore` of `@turnstead/session`',
  },
  history: {
    verbs: ['newest', 'keep', 'read'],
    from: '`createHistoryStore` of `@turnstead/session/history`',
  },
  notifier: { verbs: ['notify', 'listen'], from: 'a notifier of `@turnstead/session`' },
  artifacts: { verbs: ['collect'], from: '`createMessageArtifacts` of `@turnstead/artifacts`' },
}

/**
 * Refuses at the door what would only fail after a turn was claimed.
 *
 * @throws TypeError naming the one that is wrong, and what it may be.
 */
export function assertPorts(given: GivenPorts): void {
  const { client } = given
  if (Array.isArray(client)) {
    for (const [index, server] of client.entries()) {
      assertPort('client', Reflect.get(Object(server), 'client'), `client[${index}].client`)
    }
  } else {
    assertPort('client', client)
  }
  assertPort('store', given.store)
  for (const name of ['history', 'notifier', 'artifacts'] as const) {
    if (given[name] !== undefined && given[name] !== null) assertPort(name, given[name])
  }
}

function assertPort(name: keyof GivenPorts, port: unknown, what: string = name): void {
  const { verbs, from } = ports[name]
  const lacks = verbs.find((verb) => typeof Reflect.get(Object(port), verb) !== 'function')
  if (lacks === undefined) return
  const why = port === undefined ? 'is missing' : `has no \`${lacks}\``
  throw new TypeError(`\`${what}\` ${why}: give it ${from}`)
}
