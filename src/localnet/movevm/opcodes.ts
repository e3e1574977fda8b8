/** The instruction set of module version 7: numbers, names and operands. */

/** What follows an opcode:
 *  - `none`; `index` one ULEB128 index into the table named;
 *  - `u8` … `u256`: a little-endian literal; `vector`: signature index and a u64 count. */
export type Operand =
  | 'none'
  | 'offset'
  | 'local'
  | 'constant'
  | 'function'
  | 'functionInstance'
  | 'struct'
  | 'structInstance'
  | 'field'
  | 'fieldInstance'
  | 'variant'
  | 'variantInstance'
  | 'jumpTable'
  | 'signature'
  | 'vector'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'u128'
  | 'u256'

/** Opcode numbers by name. */
export const OP = {
  Pop: 0x01,
  Ret: 0x02,
  BrTrue: 0x03,
  BrFalse: 0x04,
  Branch: 0x05,
  LdU64: 0x06,
  LdConst: 0x07,
  LdTrue: 0x08,
  LdFalse: 0x09,
  CopyLoc: 0x0a,
  MoveLoc: 0x0b,
  StLoc: 0x0c,
  MutBorrowLoc: 0x0d,
  ImmBorrowLoc: 0x0e,
  MutBorrowField: 0x0f,
  ImmBorrowField: 0x10,
  Call: 0x11,
  Pack: 0x12,
  Unpack: 0x13,
  ReadRef: 0x14,
  WriteRef: 0x15,
  Add: 0x16,
  Sub: 0x17,
  Mul: 0x18,
  Mod: 0x19,
  Div: 0x1a,
  BitOr: 0x1b,
  BitAnd: 0x1c,
  Xor: 0x1d,
  Or: 0x1e,
  And: 0x1f,
  Not: 0x20,
  Eq: 0x21,
  Neq: 0x22,
  Lt: 0x23,
  Gt: 0x24,
  Le: 0x25,
  Ge: 0x26,
  Abort: 0x27,
  Nop: 0x28,
  FreezeRef: 0x2e,
  Shl: 0x2f,
  Shr: 0x30,
  LdU8: 0x31,
  LdU128: 0x32,
  CastU8: 0x33,
  CastU64: 0x34,
  CastU128: 0x35,
  MutBorrowFieldGeneric: 0x36,
  ImmBorrowFieldGeneric: 0x37,
  CallGeneric: 0x38,
  PackGeneric: 0x39,
  UnpackGeneric: 0x3a,
  VecPack: 0x40,
  VecLen: 0x41,
  VecImmBorrow: 0x42,
  VecMutBorrow: 0x43,
  VecPushBack: 0x44,
  VecPopBack: 0x45,
  VecUnpack: 0x46,
  VecSwap: 0x47,
  LdU16: 0x48,
  LdU32: 0x49,
  LdU256: 0x4a,
  CastU16: 0x4b,
  CastU32: 0x4c,
  CastU256: 0x4d,
  PackVariant: 0x4e,
  PackVariantGeneric: 0x4f,
  UnpackVariant: 0x50,
  UnpackVariantImmRef: 0x51,
  UnpackVariantMutRef: 0x52,
  UnpackVariantGeneric: 0x53,
  UnpackVariantGenericImmRef: 0x54,
  UnpackVariantGenericMutRef: 0x55,
  VariantSwitch: 0x56,
} as const

export type OpName = keyof typeof OP

const OPERANDS: Partial<Record<OpName, Operand>> = {
  BrTrue: 'offset',
  BrFalse: 'offset',
  Branch: 'offset',
  LdU8: 'u8',
  LdU16: 'u16',
  LdU32: 'u32',
  LdU64: 'u64',
  LdU128: 'u128',
  LdU256: 'u256',
  LdConst: 'constant',
  CopyLoc: 'local',
  MoveLoc: 'local',
  StLoc: 'local',
  MutBorrowLoc: 'local',
  ImmBorrowLoc: 'local',
  MutBorrowField: 'field',
  ImmBorrowField: 'field',
  MutBorrowFieldGeneric: 'fieldInstance',
  ImmBorrowFieldGeneric: 'fieldInstance',
  Call: 'function',
  CallGeneric: 'functionInstance',
  Pack: 'struct',
  Unpack: 'struct',
  PackGeneric: 'structInstance',
  UnpackGeneric: 'structInstance',
  VecPack: 'vector',
  VecUnpack: 'vector',
  VecLen: 'signature',
  VecImmBorrow: 'signature',
  VecMutBorrow: 'signature',
  VecPushBack: 'signature',
  VecPopBack: 'signature',
  VecSwap: 'signature',
  PackVariant: 'variant',
  UnpackVariant: 'variant',
  UnpackVariantImmRef: 'variant',
  UnpackVariantMutRef: 'variant',
  PackVariantGeneric: 'variantInstance',
  UnpackVariantGeneric: 'variantInstance',
  UnpackVariantGenericImmRef: 'variantInstance',
  UnpackVariantGenericMutRef: 'variantInstance',
  VariantSwitch: 'jumpTable',
}

/** Operand of each opcode number; no entry for numbers that are not live. */
export const OPERAND_BY_OPCODE: readonly (Operand | undefined)[] = (() => {
  const table: (Operand | undefined)[] = new Array(256).fill(undefined)
  for (const name of Object.keys(OP) as OpName[]) table[OP[name]] = OPERANDS[name] ?? 'none'
  return table
})()

/** Name of each opcode number. */
export const NAME_BY_OPCODE: readonly (OpName | undefined)[] = (() => {
  const table: (OpName | undefined)[] = new Array(256).fill(undefined)
  for (const name of Object.keys(OP) as OpName[]) table[OP[name]] = name
  return table
})()
