import { describe, expect, it } from 'vitest'
import { FieldMask } from '../../../src/localnet/rpc/field-mask.ts'
import { Proto } from '../../../src/localnet/rpc/messages.ts'

const mask = (type: unknown, ...paths: string[]) => FieldMask.parse(type, { paths }, ['digest'])

describe('read masks', () => {
  const executed = Proto.ExecutedTransaction.create({
    digest: 'D',
    checkpoint: 4n,
    effects: Proto.TransactionEffects.create({
      digest: 'E',
      status: { success: true },
      changedObjects: [{ objectId: '0x1', objectType: 't', inputVersion: 1n }],
    }),
  })

  it('keeps only what is asked for, also inside lists', () => {
    const masked = mask(Proto.ExecutedTransaction, 'effects.changed_objects.object_id', 'checkpoint').apply(
      Proto.ExecutedTransaction,
      executed,
    )
    expect(masked.digest).toBeUndefined()
    expect(masked.checkpoint).toBe(4n)
    expect(masked.effects?.digest).toBeUndefined()
    expect(masked.effects?.changedObjects).toEqual([{ objectId: '0x1' }])
    expect(executed.effects?.digest).toBe('E')
  })

  it('takes a path for everything below it, whatever narrower paths say before or after', () => {
    for (const paths of [
      ['effects', 'effects.digest'],
      ['effects.digest', 'effects'],
    ]) {
      const masked = mask(Proto.ExecutedTransaction, ...paths).apply(Proto.ExecutedTransaction, executed)
      expect(masked.effects?.changedObjects[0]?.objectType).toBe('t')
    }
  })

  it('reaches into a union', () => {
    const result = Proto.GetObjectResult.create({
      result: { oneofKind: 'object', object: Proto.Object.create({ objectId: '0x1', digest: 'D' }) },
    })
    const masked = mask(Proto.GetObjectResult, 'object.digest').apply(Proto.GetObjectResult, result)
    expect(masked.result).toEqual({ oneofKind: 'object', object: Proto.Object.create({ digest: 'D' }) })
    expect(mask(Proto.GetObjectResult, 'error').apply(Proto.GetObjectResult, result).result.oneofKind).toBeUndefined()
  })

  it('says what is wanted before it is computed', () => {
    const wanted = mask(Proto.ExecutedTransaction, 'transaction.kind')
    expect(wanted.has('transaction')).toBe(true)
    expect(wanted.child('transaction').has('kind')).toBe(true)
    expect(wanted.child('transaction').has('bcs')).toBe(false)
    expect(wanted.has('effects')).toBe(false)
    expect(mask(Proto.ExecutedTransaction, '*').has('effects')).toBe(true)
  })

  it('uses the defaults only if the client sent no path', () => {
    expect(FieldMask.parse(Proto.Object, undefined, ['digest']).has('digest')).toBe(true)
    expect(FieldMask.parse(Proto.Object, { paths: [] }, ['digest']).has('version')).toBe(false)
    expect(FieldMask.parse(Proto.Object, { paths: ['version'] }, ['digest']).has('digest')).toBe(false)
  })

  it.each([
    'nonsense',
    'digest.deeper',
    '',
    'effects.',
    '.effects',
    'effects.changedObjects',
    '__proto__',
    'x'.repeat(9999),
  ])('refuses the path "%s"', (path) => {
    expect(() => mask(Proto.ExecutedTransaction, path)).toThrowError(
      expect.objectContaining({ code: 'LEDGER_INVALID_ARGUMENT' }),
    )
  })
})
