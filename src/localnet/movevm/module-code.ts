/** Reads the code of one function into flat arrays. */

import type { ByteReader } from '../../codec/cursor.ts'
import { malformedModule } from './errors.ts'
import { MAX_CODE_LENGTH, MAX_OPERANDS, MAX_TABLE_ENTRIES } from './limits.ts'
import type { Code, JumpTable } from './module.ts'
import { OPERAND_BY_OPCODE } from './opcodes.ts'

const LITERAL_BYTES = { u8: 1, u16: 2, u32: 4, u64: 8, u128: 16, u256: 32 } as const

/** @throws {MoveFormatError | CodecError} */
export function readCode(reader: ByteReader): Code {
  const locals = reader.uleb()
  const length = reader.length(MAX_CODE_LENGTH)
  if (length === 0) throw malformedModule('function without instructions')
  const opcodes = new Uint8Array(length)
  const operands = new Uint32Array(length)
  const counts = new Map<number, number>()
  const literals: bigint[] = []
  for (let i = 0; i < length; i++) {
    const opcode = reader.u8()
    const operand = OPERAND_BY_OPCODE[opcode]
    if (!operand) throw malformedModule('unknown or retired instruction', { opcode })
    opcodes[i] = opcode
    if (operand === 'none') continue
    if (operand in LITERAL_BYTES) {
      operands[i] = literals.push(readLiteral(reader, LITERAL_BYTES[operand as keyof typeof LITERAL_BYTES])) - 1
      continue
    }
    operands[i] = reader.uleb()
    if (operand === 'vector') counts.set(i, readCount(reader))
  }
  return { locals, opcodes, operands, counts, literals, jumpTables: readJumpTables(reader) }
}

function readLiteral(reader: ByteReader, bytes: number): bigint {
  let value = 0n
  for (const [i, byte] of reader.bytes(bytes).entries()) value |= BigInt(byte) << BigInt(8 * i)
  return value
}

function readCount(reader: ByteReader): number {
  const count = reader.u64()
  if (count > BigInt(MAX_OPERANDS)) throw malformedModule('vector literal too long', { count: String(count) })
  return Number(count)
}

function readJumpTables(reader: ByteReader): JumpTable[] {
  return Array.from({ length: reader.length(MAX_TABLE_ENTRIES) }, () => {
    const enumDefinition = reader.uleb()
    const count = reader.length(127, 0)
    if (reader.u8() !== 1) throw malformedModule('unknown jump table kind')
    return { enumDefinition, targets: Array.from({ length: count }, () => reader.uleb()) }
  })
}
