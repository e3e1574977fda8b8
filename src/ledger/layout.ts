/** BCS layouts of Move types: what the generated bindings are made of. Reading is bounded by the bytes at hand before
 *  anything is allocated, and strict: one form per value, `CodecError` for every other.
 *
 *  In TypeScript: u8 to u32 are numbers, u64 and u128 bigints, u256 its 32 bytes (little-endian, as Walrus writes ids),
 *  addresses and ids `0x…` in full form, `vector<u8>` bytes, options `null` or the value. */

import { type ByteReader, type ByteWriter, CodecError } from '../codec/cursor.ts'
import { addressFromBytes, addressToBytes } from './object-id.ts'

export interface Layout<T> {
  /** Fewest bytes a value takes; bounds counts before anything is allocated. */
  readonly minBytes: number
  /** @throws {CodecError} on bytes that are no such value */
  read(reader: ByteReader): T
  write(writer: ByteWriter, value: T): void
}

/** The layout of a struct or an enum, with its place in a package. */
export interface NamedLayout<T> extends Layout<T> {
  readonly module: string
  readonly name: string
  /** The type at a package, `0x…::module::Name`. */
  at(packageId: string): string
}

export type LayoutOf<L> = L extends Layout<infer T> ? T : never

const ID_BYTES = 32
const MAX_LENGTH = 0xffffffff

export const u8: Layout<number> = { minBytes: 1, read: (r) => r.u8(), write: (w, value) => void w.u8(value) }
export const u16: Layout<number> = { minBytes: 2, read: (r) => r.u16(), write: (w, value) => void w.u16(value) }
export const u32: Layout<number> = {
  minBytes: 4,
  read: (r) => r.u32(),
  write: (w, value) => void w.u16(value % 65536).u16(Math.floor(value / 65536)),
}
export const u64: Layout<bigint> = { minBytes: 8, read: (r) => r.u64(), write: (w, value) => void w.u64(value) }
export const u128: Layout<bigint> = {
  minBytes: 16,
  read: (r) => r.u64() | (r.u64() << 64n),
  write: (w, value) => void w.u64(value & 0xffff_ffff_ffff_ffffn).u64(value >> 64n),
}
export const u256: Layout<Uint8Array> = fixedBytes(32)
export const bool: Layout<boolean> = { minBytes: 1, read: (r) => r.bool(), write: (w, value) => void w.bool(value) }
/** Addresses, `ID` and `UID`. */
export const address: Layout<string> = {
  minBytes: ID_BYTES,
  read: (r) => addressFromBytes(r.bytes(ID_BYTES)),
  write: (w, value) => void w.bytes(addressToBytes(value)),
}
export const bytes: Layout<Uint8Array> = {
  minBytes: 1,
  read: (r) => r.byteVector(MAX_LENGTH).slice(),
  write: (w, value) => void w.byteVector(value),
}
export const string: Layout<string> = {
  minBytes: 1,
  read: (r) => r.string(MAX_LENGTH),
  write: (w, value) => void w.string(value),
}

export function vector<T>(item: Layout<T>): Layout<T[]> {
  return {
    minBytes: 1,
    read: (r) => Array.from({ length: r.length(MAX_LENGTH, item.minBytes) }, () => item.read(r)),
    write(w, values) {
      w.uleb(values.length)
      for (const value of values) item.write(w, value)
    },
  }
}

export function option<T>(item: Layout<T>): Layout<T | null> {
  return {
    minBytes: 1,
    read: (r) => (r.bool() ? item.read(r) : null),
    write(w, value) {
      w.bool(value !== null)
      if (value !== null) item.write(w, value)
    },
  }
}

/** `VecMap`: entries in their order on chain. */
export function vecMap<K, V>(key: Layout<K>, value: Layout<V>): Layout<[K, V][]> {
  return vector<[K, V]>({
    minBytes: key.minBytes + value.minBytes,
    read: (r) => [key.read(r), value.read(r)],
    write(w, entry) {
      key.write(w, entry[0])
      value.write(w, entry[1])
    },
  })
}

type Fields = Readonly<Record<string, Layout<unknown>>>
type ValuesOf<F extends Fields> = { -readonly [K in keyof F]: LayoutOf<F[K]> }

/** `Table`, `ObjectTable`, `Bag`, `ObjectBag`: where its entries hang, and how many there are. */
export const table: Layout<{ id: string; size: bigint }> = fields({ id: address, size: u64 })
export const coin: Layout<{ id: string; balance: bigint }> = fields({ id: address, balance: u64 })
/** `0x2::package::UpgradeCap`. */
export const upgradeCap = fields({ id: address, package: address, version: u64, policy: u8 })

export function struct<F extends Fields>(module: string, name: string, parts: F): NamedLayout<ValuesOf<F>> {
  return { ...fields(parts), ...place(module, name) }
}

/** @param cases - in order; each with its fields */
export function variants<C extends Readonly<Record<string, Fields>>>(
  module: string,
  name: string,
  cases: C,
): NamedLayout<{ [K in keyof C]: { $kind: K } & ValuesOf<C[K]> }[keyof C]> {
  type Value = { [K in keyof C]: { $kind: K } & ValuesOf<C[K]> }[keyof C]
  const kinds = Object.entries(cases).map(([kind, parts]) => ({ kind, entries: Object.entries(parts) }))
  return {
    minBytes: 1,
    read(r) {
      const index = r.uleb()
      const found = kinds[index]
      if (!found) throw new CodecError('unknown variant', { type: `${module}::${name}`, index })
      const value: Record<string, unknown> = { $kind: found.kind }
      for (const [field, layout] of found.entries) value[field] = layout.read(r)
      return value as Value
    },
    write(w, value) {
      const index = kinds.findIndex(({ kind }) => kind === value.$kind)
      if (index < 0)
        throw new RangeError(`"$kind" expected a variant of ${module}::${name}, got "${String(value.$kind)}"`)
      w.uleb(index)
      for (const [field, layout] of kinds[index]!.entries) layout.write(w, value[field as keyof Value])
    },
    ...place(module, name),
  }
}

function place(module: string, name: string) {
  return { module, name, at: (packageId: string) => `${packageId}::${module}::${name}` }
}

function fields<F extends Fields>(parts: F): Layout<ValuesOf<F>> {
  const entries = Object.entries(parts)
  // A Move struct without fields has one boolean, false, that nobody sees.
  if (entries.length === 0)
    return {
      minBytes: 1,
      read(r) {
        if (r.bool()) throw new CodecError('an empty struct is not empty')
        return {} as ValuesOf<F>
      },
      write: (w) => void w.bool(false),
    }
  return {
    minBytes: entries.reduce((sum, [, layout]) => sum + layout.minBytes, 0),
    read(r) {
      const value: Record<string, unknown> = {}
      for (const [name, layout] of entries) value[name] = layout.read(r)
      return value as ValuesOf<F>
    },
    write(w, value) {
      for (const [name, layout] of entries) layout.write(w, value[name as keyof F])
    },
  }
}

function fixedBytes(length: number): Layout<Uint8Array> {
  return {
    minBytes: length,
    read: (r) => r.bytes(length).slice(),
    write(w, value) {
      if (value.length !== length) throw new RangeError(`"value" expected ${length} bytes, got ${value.length}`)
      w.bytes(value)
    },
  }
}
