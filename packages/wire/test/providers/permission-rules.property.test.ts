import fc from 'fast-check'
import { expect } from 'chai'
import { describe, it } from 'mocha'
import {
  permissionConfig,
  permissionRules,
  type PermissionAction,
  type PermissionInput,
} from '../../src/providers.js'

const action = fc.constantFrom<PermissionAction>('allow', 'ask', 'deny')
const name = fc.constantFrom('*', 'edit', 'bash', 'read', 'mcp_*', 'mcp_a', 'm?p_*')
const pattern = fc.constantFrom('*', 'src/*', 'src/a.ts', '*.env', 'git *', 'git push', '?')
const entries = fc.array(fc.tuple(name, fc.array(fc.tuple(pattern, action), { minLength: 1 })))

/** The same rules with names and patterns written in the given order. */
function write(
  list: [string, [string, PermissionAction][]][],
  isReversed: boolean,
): PermissionInput {
  const turn = <T>(items: T[]): T[] => (isReversed ? items.toReversed() : items)
  return Object.fromEntries(
    turn(list).map(([permission, patterns]) => [
      permission,
      Object.fromEntries(turn(Object.entries(Object.fromEntries(patterns)))),
    ]),
  )
}

function unique(list: [string, [string, PermissionAction][]][]): typeof list {
  return Object.entries(Object.fromEntries(list))
}

describe('permissionRules (laws)', () => {
  it('does not depend on the order in which the rules are written', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const forward = permissionRules(write(unique(list), false))
        expect(permissionRules(write(unique(list), true))).to.deep.equal(forward)
      }),
    )
  })

  it('is flattened by the server from the configuration into the same list', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const input = write(unique(list), false)
        const flat = Object.entries(permissionConfig(input)).flatMap(([permission, patterns]) =>
          Object.entries(typeof patterns === 'string' ? { '*': patterns } : patterns).map(
            ([one, what]) => ({
              permission,
              pattern: one,
              action: what,
            }),
          ),
        )
        expect(flat).to.deep.equal(permissionRules(input))
      }),
    )
  })
})
