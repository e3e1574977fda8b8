import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { ByteWriter } from '../../src/codec/cursor.ts'
import { createChainView } from '../../src/localnet/chain-view.ts'
import { blobIdText } from '../../src/protocol/blob-id.ts'

const WALRUS = `0x${'f1'.repeat(32)}`
const blobId = new Uint8Array(32).fill(7)
const text = blobIdText(blobId)
const objectId = new Uint8Array(32).fill(9)
const other = new Uint8Array(32).fill(8)

let sequence = 0
function event(name: string, write: (writer: ByteWriter) => void, packageId = WALRUS) {
  const writer = new ByteWriter()
  write(writer)
  return {
    type: `${packageId}::events::${name}`,
    contents: writer.finish(),
    transactionDigest: 'd',
    eventIndex: sequence++,
  }
}
const registered = (id: Uint8Array, endEpoch: number, deletable = false) =>
  event('BlobRegistered', (w) => w.u32(1).bytes(blobId).u64(100).u8(1).u32(endEpoch).bool(deletable).bytes(id))
const certified = (id: Uint8Array, epoch: number, endEpoch: number, isExtension = false) =>
  event('BlobCertified', (w) => w.u32(epoch).bytes(blobId).u32(endEpoch).bool(false).bytes(id).bool(isExtension))
const deleted = (id: Uint8Array) => event('BlobDeleted', (w) => w.u32(1).bytes(blobId).u32(5).bytes(id).bool(false))
const epochStart = (epoch: number) => event('EpochChangeStart', (w) => w.u32(epoch))

describe('the nodes’ view of the chain', () => {
  it('knows a registration, its certification and its extension', () => {
    const view = createChainView(WALRUS)
    view.apply(registered(objectId, 5))
    expect(view.registrations(text)).toMatchObject([
      { objectId: `0x${toHex(objectId)}`, endEpoch: 5, deletable: false, certifiedEpoch: null },
    ])
    view.apply(certified(objectId, 2, 5))
    view.apply(certified(objectId, 3, 9, true))
    expect(view.registrations(text)).toMatchObject([{ endEpoch: 9, certifiedEpoch: 2 }])
  })

  it('forgets deleted and expired registrations and says so, keeping the others', () => {
    const view = createChainView(WALRUS)
    const released: string[] = []
    view.onRelease((blob) => released.push(blob))
    for (const each of [registered(objectId, 5), registered(other, 3, true), deleted(objectId)]) view.apply(each)
    expect(view.registrations(text)).toMatchObject([{ endEpoch: 3, deletable: true }])
    view.apply(epochStart(2))
    expect(view.epoch).toBe(2)
    expect(view.registrations(text)).toHaveLength(1)
    view.apply(epochStart(3))
    expect(view.registrations(text)).toEqual([])
    expect(released).toEqual([text, text])
  })

  it('knows invalid blob ids', () => {
    const view = createChainView(WALRUS)
    expect(view.invalidated(text)).toBeUndefined()
    view.apply(event('InvalidBlobID', (w) => w.u32(1).bytes(blobId)))
    expect(view.invalidated(text)).toMatchObject({ txDigest: 'd' })
  })

  it('ignores events of other packages and names that are no events of this one', () => {
    const view = createChainView(WALRUS)
    view.apply({ ...registered(objectId, 5), type: `0x${'aa'.repeat(32)}::events::BlobRegistered` })
    view.apply(event('constructor', (w) => w.u8(1)))
    expect(view.registrations(text)).toEqual([])
    expect(view.eventCount).toBe(2)
  })
})
