import { expect } from 'chai'
import fc from 'fast-check'
import { describe, it } from 'mocha'

import { parseEntryName, toObjectPath } from '../src/disk/paths.js'
import {
  isArtifactKey,
  maxKeyLength,
  maxKeySegmentLength,
  parseArtifactKey,
  parseKeyPrefix,
  toKeySegment,
} from '../src/store/key.js'

const characters = Array.from('ABCYZabcyz0159_=.-')
const anySegment = fc
  .string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: maxKeySegmentLength })
  .filter((segment) => isArtifactKey(segment))
const anyKey = fc
  .array(anySegment, { minLength: 1, maxLength: 5 })
  .map((segments) => segments.join('/'))
  .filter((key) => key.length <= maxKeyLength)

describe('parseArtifactKey', () => {
  it('takes what is built of segments, and nothing that means anything to a file system', () => {
    fc.assert(
      fc.property(fc.oneof(anyKey, fc.string(), fc.string({ unit: 'binary' })), (text) => {
        if (!isArtifactKey(text)) return
        expect(text).to.match(/^[A-Za-z0-9_=./-]+$/)
        expect(text.split('/')).to.not.include.members(['..'])
        expect(text).to.not.match(/^\/|\/$|\/\/|(^|\/)[.-]|\.($|\/)/)
      }),
    )
  })

  it('refuses values that are no strings', () => {
    for (const value of [undefined, null, 7, {}, ['a'], Symbol('a')]) {
      expect(() => parseArtifactKey(value))
        .to.throw()
        .with.property('code', 'invalid_key')
    }
  })
})

describe('parseKeyPrefix', () => {
  it('takes every beginning of every key', () => {
    fc.assert(
      fc.property(anyKey, fc.nat(), (key, length) => {
        const prefix = key.slice(0, length % (key.length + 1))
        expect(parseKeyPrefix(prefix)).to.equal(prefix)
      }),
    )
  })
})

describe('toKeySegment', () => {
  it('keeps plain ids readable and gives every other one a digest of its own', () => {
    expect(toKeySegment(42)).to.equal('42')
    expect(toKeySegment('msg_0aB-9')).to.equal('msg_0aB-9')
    expect(toKeySegment('gid://app/Message/1')).to.match(/^id=[0-9a-f]{64}$/)
    expect(toKeySegment(-1)).to.match(/^id=/)
  })

  it('never gives two ids the same segment', () => {
    const anyId = fc.oneof(fc.string({ minLength: 1 }), anySegment)
    fc.assert(
      fc.property(anyId, anyId, (one, other) => {
        expect(isArtifactKey(toKeySegment(one))).to.equal(true)
        expect(toKeySegment(one) === toKeySegment(other)).to.equal(one === other)
      }),
    )
  })

  it('tells ids apart that hold half a character', () => {
    const ids = ['\ud800', '\udfff', '\ufffd', 'a\ud800', 'a\ufffd']
    expect(new Set(ids.map(toKeySegment)).size).to.equal(ids.length)
  })

  it('refuses ids that identify nothing', () => {
    for (const id of ['', NaN, 1.5, Infinity]) expect(() => toKeySegment(id)).to.throw(TypeError)
  })
})

describe('the path of a key on disk', () => {
  it('stays below the root, differs even where case is ignored, and leads back to the key', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (one, other) => {
        const path = toObjectPath('/root', parseArtifactKey(one)).file
        expect(path.startsWith('/root/')).to.equal(true)
        const names = path.slice('/root/'.length).split('/')
        expect(names.map((name) => parseEntryName(name)?.segment).join('/')).to.equal(one)
        for (const name of names) expect(name.length).to.be.at.most(255)
        const otherPath = toObjectPath('/root', parseArtifactKey(other)).file
        expect(path.toLowerCase() === otherPath.toLowerCase()).to.equal(one === other)
      }),
    )
  })

  it('reads no name that it does not write', () => {
    for (const name of [
      't-1',
      'o-',
      'x-a',
      'o-A',
      'o-!1',
      'o-a!',
      '.',
      '..',
      'o-..',
      'd-a.',
      'o-!',
    ]) {
      expect(parseEntryName(name), name).to.equal(null)
    }
  })
})
