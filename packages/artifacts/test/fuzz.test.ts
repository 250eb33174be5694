import { expect } from 'chai'
import { describe, it } from 'mocha'

import { createDice, hostileName, nearKey } from '../bench/fuzz/hostile-names.js'
import { tryOnDisk } from '../bench/fuzz/on-disk.js'
import { faultOfLink, faultOfName, faultOfPath, sameness } from '../bench/fuzz/oracle.js'
import { createTrial } from '../bench/fuzz/pure.js'

// The benchmark tries a million; these are others, and few enough for every run.
describe('hostile names', () => {
  it('come through every function and a real disk without an escape', async () => {
    const escapes: string[] = []
    const tell = (...what: string[]): void => void escapes.push(what.join(' '))
    const dice = createDice(2026)
    const trial = createTrial(tell)
    const names = Array.from({ length: 4_000 }, () =>
      dice(4) === 0 ? nearKey(dice) : hostileName(dice),
    )
    for (const [index, name] of names.entries()) trial.judge(name, names[index - 1] ?? '')
    await tryOnDisk(names.slice(0, 40), tell)
    expect(escapes).to.deep.equal([])
  })

  it('have a judge that lets none of them pass as they are', () => {
    const bad = [
      '',
      '.',
      '..',
      'a/b',
      'a\\b',
      'C:',
      'nul',
      'CON .txt',
      'com¹.x',
      'a.',
      ' a',
      'a\r\n',
    ]
    bad.push('\u202egnp.exe', '\ud800', '\u3164', '\u{e0041}', 'x'.repeat(256), 'a\0')
    for (const name of bad) expect(faultOfName(name), JSON.stringify(name)).to.be.a('string')
    for (const path of ['../a', '/a', 'a//b', 'a/./b', 'a\0']) {
      expect(faultOfPath(path), path).to.be.a('string')
    }
    for (const target of ['/a', '../..', 'a/../../..']) {
      expect(faultOfLink('d/link', target), target).to.be.a('string')
    }
    for (const [one, other] of [
      ['É', 'e\u0301'],
      ['straße', 'STRASSE'],
      ['ς', 'σ'],
      ['ﬁ', 'FI'],
    ] as const) {
      expect(sameness(one), one).to.equal(sameness(other))
    }
    expect(faultOfName('report (2).txt')).to.equal(null)
  })
})
