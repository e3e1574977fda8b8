/** Every parser of outside bytes: mutated, truncated and random input either parses to something that encodes back to
 *  the same bytes, or throws the coded error. Nothing else, and never for long. */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { createRng, type Rng } from '../../src/base/rng.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { encodeMessage, parseMessage } from '../../src/protocol/messages.ts'
import {
  encodeMetadata,
  encodeMetadataWithId,
  parseMetadata,
  parseMetadataWithId,
} from '../../src/protocol/metadata.ts'
import {
  encodeDecodingSymbols,
  encodeGeneralRecoverySymbols,
  encodeInconsistencyProof,
  encodeRecoverySymbol,
  parseDecodingSymbols,
  parseGeneralRecoverySymbols,
  parseInconsistencyProof,
  parseRecoverySymbol,
} from '../../src/protocol/recovery.ts'
import { encodeSliver, parseSliver } from '../../src/protocol/sliver.ts'

const wire = JSON.parse(readFileSync(new URL('../vectors/protocol/wire.json', import.meta.url), 'utf8'))
const ROUNDS = 4000

const recovery = {
  symbol: { sourceIndex: 1, bytes: Uint8Array.of(1, 2, 3, 4) },
  proof: [new Uint8Array(32).fill(9), new Uint8Array(32)],
}
const general = { axis: 'primary' as const, targetIndex: 5, ...recovery }
const decoding = new Map([
  [1, [{ axis: 'primary' as const, symbol: recovery.symbol }]],
  [2, []],
])

interface Format {
  name: string
  sample: Uint8Array
  again(bytes: Uint8Array): Uint8Array
}

const formats: Format[] = [
  { name: 'metadata', sample: fromHex(wire.metadata), again: (bytes) => encodeMetadata(parseMetadata(bytes)) },
  {
    name: 'metadata with id',
    sample: fromHex(wire.metadataWithId),
    again: (bytes) => {
      const { id, metadata } = parseMetadataWithId(bytes)
      return encodeMetadataWithId(id, metadata)
    },
  },
  { name: 'sliver', sample: fromHex(wire.sliver), again: (bytes) => encodeSliver(parseSliver(bytes, 4)) },
  { name: 'message', sample: fromHex(wire.deletableMessage), again: (bytes) => encodeMessage(parseMessage(bytes)) },
  {
    name: 'recovery symbol',
    sample: encodeRecoverySymbol(recovery),
    again: (bytes) => encodeRecoverySymbol(parseRecoverySymbol(bytes)),
  },
  {
    name: 'general recovery symbols',
    sample: encodeGeneralRecoverySymbols([general, general]),
    again: (bytes) => encodeGeneralRecoverySymbols(parseGeneralRecoverySymbols(bytes)),
  },
  {
    name: 'decoding symbols',
    sample: encodeDecodingSymbols(decoding),
    again: (bytes) => encodeDecodingSymbols(parseDecodingSymbols(bytes)),
  },
  {
    name: 'inconsistency proof',
    sample: encodeInconsistencyProof({ targetIndex: 2, symbols: [recovery] }),
    again: (bytes) => encodeInconsistencyProof(parseInconsistencyProof(bytes)),
  },
]

function mutate(rng: Rng, sample: Uint8Array): Uint8Array {
  switch (rng.below(4)) {
    case 0:
      return sample.slice(0, rng.below(sample.length))
    case 1:
      return rng.fill(new Uint8Array(rng.below(100)))
    case 2:
      return Uint8Array.from([...sample, rng.below(256)])
    default: {
      const bytes = sample.slice()
      for (let i = 0; i <= rng.below(3); i++) bytes[rng.below(bytes.length)] = rng.below(256)
      return bytes
    }
  }
}

describe.each(formats)('$name from outside', ({ sample, again }) => {
  it('parses to itself or is refused with a code', () => {
    expect(toHex(again(sample))).toBe(toHex(sample))
    const rng = createRng(20_261_122)
    let refused = 0
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutate(rng, sample)
      try {
        expect(toHex(again(bytes)), `round ${round}`).toBe(toHex(bytes))
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(ROUNDS / 4)
  })
})
