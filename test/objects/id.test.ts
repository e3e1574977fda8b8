import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import {
  assertObjectBytes,
  EMPTY_FILE_ID,
  KIND_CODES,
  kindOfCode,
  MAX_OBJECT_BYTES,
  type ObjectId,
  type ObjectKind,
  objectIdFor,
  objectIdFromBytes,
  objectIdToBytes,
  objectKey,
  parseObjectId,
} from '../../src/objects/id.ts'

describe('object ids', () => {
  test('of chunks and attachments are what sha256sum prints; the others have a domain', () => {
    const bytes = utf8('hello\n')
    const plain = '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'
    expect(objectIdFor('chunk', bytes)).toBe(plain)
    expect(objectIdFor('attachment', bytes)).toBe(plain)
    for (const kind of ['map', 'tree', 'commit'] as const)
      expect(objectIdFor(kind, bytes)).toBe(createHash('sha256').update(`floe.${kind}.v1\0hello\n`).digest('hex'))
    expect(EMPTY_FILE_ID).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(objectIdFor('chunk', new Uint8Array())).toBe(EMPTY_FILE_ID)
  })

  test('differ by kind where the bytes are equal, except where the key tells them apart', () => {
    const kinds = Object.keys(KIND_CODES) as ObjectKind[]
    expect(new Set(kinds.map((kind) => objectKey(kind, objectIdFor(kind, utf8('x'))))).size).toBe(5)
    for (const kind of kinds) expect(kindOfCode(KIND_CODES[kind])).toBe(kind)
    expect([kindOfCode(0), kindOfCode(6), kindOfCode(255)]).toEqual([undefined, undefined, undefined])
  })

  test('have one text form', () => {
    const id = objectIdFor('chunk', utf8('x'))
    expect(parseObjectId(id)).toBe(id)
    expect(objectIdFromBytes(objectIdToBytes(id))).toBe(id)
    for (const text of [
      '',
      id.toUpperCase(),
      id.slice(1),
      `${id}0`,
      ` ${id.slice(1)}`,
      `${id.slice(1)}\n`,
      'g'.repeat(64),
    ])
      expect(() => parseObjectId(text)).toThrow(expect.objectContaining({ code: 'OBJECT_ID_MALFORMED', kind: 'usage' }))
    expect(() => objectIdFromBytes(new Uint8Array(31))).toThrow(RangeError)
    expect(() => objectIdToBytes('zz' as ObjectId)).toThrow(RangeError)
  })

  test('bytes that do not hash to the id, or are too many, are corrupt', () => {
    const id = objectIdFor('tree', utf8('x'))
    assertObjectBytes('tree', id, utf8('x'))
    const corrupt = expect.objectContaining({ code: 'OBJECT_CORRUPT', kind: 'integrity' })
    expect(() => assertObjectBytes('tree', id, utf8('y'))).toThrow(corrupt)
    expect(() => assertObjectBytes('chunk', id, utf8('x'))).toThrow(corrupt)
    const large = new Uint8Array(MAX_OBJECT_BYTES.tree + 1)
    expect(() => assertObjectBytes('tree', objectIdFor('tree', large), large)).toThrow(corrupt)
  })
})
