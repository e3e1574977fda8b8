/** What is known of a coin type: its `0x2::coin::CoinMetadata` and `TreasuryCap` objects. */

import { ByteReader, CodecError } from '../../codec/cursor.ts'
import { type LedgerObject, SUI_TYPE } from '../ledger/object.ts'
import type { Proto } from './messages.ts'

const MAX_TEXT_BYTES = 64 * 1024
const ID_BYTES = 32

/** SUI has no metadata object here; wallets and the SDK still ask for it. */
const SUI_METADATA: Proto.CoinMetadata = { decimals: 9, name: 'Sui', symbol: 'SUI', description: '' }

/** Reads `{ id, decimals u8, name, symbol, description, icon_url: Option<Url> }`. */
export function coinMetadata(type: string, object: LedgerObject | undefined): Proto.CoinMetadata | undefined {
  if (object?.data.kind !== 'move') return type === SUI_TYPE ? SUI_METADATA : undefined
  const input = new ByteReader(object.data.contents)
  try {
    input.bytes(ID_BYTES)
    const decimals = input.u8()
    const name = input.string(MAX_TEXT_BYTES)
    const symbol = input.string(MAX_TEXT_BYTES)
    const description = input.string(MAX_TEXT_BYTES)
    const iconUrl = input.remaining > 0 && input.bool() ? input.string(MAX_TEXT_BYTES) : undefined
    return { id: object.id, decimals, name, symbol, description, iconUrl }
  } catch (error) {
    // A framework with other fields: the id is still true.
    if (error instanceof CodecError) return { id: object.id }
    throw error
  }
}

/** Reads `{ id, total_supply: Supply { value u64 } }`. */
export function treasury(object: LedgerObject | undefined): Proto.CoinTreasury | undefined {
  if (object?.data.kind !== 'move') return undefined
  const input = new ByteReader(object.data.contents)
  input.bytes(ID_BYTES)
  return { id: object.id, totalSupply: input.remaining >= 8 ? input.u64() : undefined }
}
