/**
 * Runs a published contract suite in any test runner: cases are data, the runner is injected, a skip needs a reason,
 * and a skip that names no case fails.
 */

/** The two functions of a test runner that a suite needs; mocha, vitest, jest and node:test all fit. */
export interface Runner {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown
  /** Registers a test; `it.skip` registers one that is shown as skipped. */
  it: {
    (name: string, body: () => Promise<void>): unknown
    skip(name: string, body?: () => Promise<void>): unknown
  }
}

/** One promise of a contract. */
export interface ContractCase<Subject> {
  /** The promise, as a statement in the present tense; unique in its contract. */
  readonly name: string
  /** A capability without which the case is skipped, visibly. */
  readonly needs?: string
  /** Checks the promise; rejects when it is broken. */
  readonly run: (subject: Subject) => Promise<void>
}

/** A fresh subject and the way to get rid of it. */
export interface Opened<Subject> {
  /** What is tested. */
  readonly subject: Subject
  /** Frees it; called after every case, also a failed one. */
  readonly close: () => Promise<void>
}

/** What one implementation tells the suite about itself. */
export interface ContractOptions<Subject> {
  /** Makes a fresh, isolated subject; called for every case. */
  readonly open: () => Promise<Opened<Subject>>
  /** What the subject can do beyond the minimum. Default: nothing. */
  readonly capabilities?: readonly string[]
  /** Case name to reason, for cases that cannot hold. Unknown names throw a `TypeError`. */
  readonly skip?: Readonly<Record<string, string>>
}

/**
 * Registers every case of `cases` as one test named by its promise.
 *
 * @example
 * runContract({ describe, it }, 'my store', artifactStoreContract, {
 *   open: async () => ({ subject: createMyStore(), close: async () => {} }),
 * })
 */
export function runContract<Subject>(
  runner: Runner,
  name: string,
  cases: readonly ContractCase<Subject>[],
  options: ContractOptions<Subject>,
): void {
  const reasons = new Map(Object.entries(options.skip ?? {}))
  checkCases(name, cases, reasons)
  const capabilities = new Set(options.capabilities)
  runner.describe(name, () => {
    for (const each of cases) {
      const reason = reasonToSkip(each, reasons, capabilities)
      if (reason !== null) runner.it.skip(`${each.name} (skipped: ${reason})`, async () => {})
      else runner.it(each.name, () => runCase(each, options.open))
    }
  })
}

function checkCases<Subject>(
  name: string,
  cases: readonly ContractCase<Subject>[],
  reasons: ReadonlyMap<string, string>,
): void {
  const names = new Set<string>()
  for (const each of cases) {
    if (names.has(each.name))
      throw new TypeError(`Contract "${name}" has two cases named "${each.name}"`)
    names.add(each.name)
  }
  for (const [skipped, reason] of reasons) {
    if (!names.has(skipped)) {
      throw new TypeError(
        `\`skip\` names no case of contract "${name}": "${skipped}"; remove it or fix its spelling`,
      )
    }
    if (reason.trim() === '') throw new TypeError(`\`skip\` needs a reason for "${skipped}"`)
  }
}

function reasonToSkip<Subject>(
  each: ContractCase<Subject>,
  reasons: ReadonlyMap<string, string>,
  capabilities: ReadonlySet<string>,
): string | null {
  const reason = reasons.get(each.name)
  if (reason !== undefined) return reason
  if (each.needs !== undefined && !capabilities.has(each.needs)) return `needs ${each.needs}`
  return null
}

async function runCase<Subject>(
  each: ContractCase<Subject>,
  open: () => Promise<Opened<Subject>>,
): Promise<void> {
  const { subject, close } = await open()
  try {
    await each.run(subject)
  } finally {
    await close()
  }
}
