import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/base/rng.ts'
import { MoveFault, MoveFormatError, MoveLinkError } from '../../../src/localnet/movevm/errors.ts'
import { callFunction } from '../../../src/localnet/movevm/interpreter.ts'
import { Loader } from '../../../src/localnet/movevm/loader.ts'
import { Machine } from '../../../src/localnet/movevm/machine.ts'
import { substituteAddresses } from '../../../src/localnet/movevm/module-addresses.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { NAME_BY_OPCODE, OP } from '../../../src/localnet/movevm/opcodes.ts'
import { normalizeAddress, PRIMITIVES } from '../../../src/localnet/movevm/types.ts'
import { ByteVector } from '../../../src/localnet/movevm/values.ts'
import { loadPackages } from '../../../src/move/packages.ts'
import { source, storedPackage, vectorModules } from './probe.ts'

const compiled = loadPackages().flatMap(({ modules }) => modules)
const probe = vectorModules('probe')

describe('reading compiled modules', () => {
  it('reads every module of the local network', () => {
    for (const { name, bytes } of compiled) expect(readModule(bytes).name).toBe(name)
  })

  it('finds tables, flags and code of a small module', () => {
    const module = readModule(vectorModules('upgraded-v1')[0]!)
    expect(module).toMatchObject({ version: 7, name: 'api', address: normalizeAddress('0x0') })
    const names = module.functionDefinitions.map(
      (definition) => module.identifiers[module.functionHandles[definition.handle]!.name],
    )
    expect(names.sort()).toEqual(['bump', 'create', 'level', 'see', 'step'])
    const step = module.functionDefinitions.find(({ visibility }) => visibility === 'private')!
    expect([...step.code!.opcodes].map((opcode) => NAME_BY_OPCODE[opcode])).toEqual(['LdU64', 'Ret'])
    expect(step.code!.literals).toEqual([1n])
  })

  it('knows 76 instructions', () => {
    expect(Object.keys(OP)).toHaveLength(76)
    expect(new Set(Object.values(OP)).size).toBe(76)
  })

  it('replaces its own address and nothing else', () => {
    const [bytes] = vectorModules('upgraded-v1')
    const placed = substituteAddresses(bytes!, new Map([[normalizeAddress('0x0'), normalizeAddress('0xabc')]]))
    const module = readModule(placed)
    expect(module.address).toBe(normalizeAddress('0xabc'))
    expect(module.addresses).toContain(normalizeAddress('0x2'))
    expect(placed.filter((byte, i) => byte !== bytes![i]).length).toBeLessThanOrEqual(32)
  })
})

describe('bytes from outside', () => {
  const cut = (bytes: Uint8Array, length: number) => bytes.subarray(0, length)

  it('are refused if truncated anywhere', () => {
    const [bytes] = vectorModules('upgraded-v1')
    for (let length = 0; length < bytes!.length; length++) {
      expect(() => readModule(cut(bytes!, length))).toThrow(MoveFormatError)
    }
  })

  it('are refused if longer than a module may be', () => {
    expect(() => readModule(new Uint8Array(200_000))).toThrow(/too large/)
  })

  it('are refused in another version, naming it', () => {
    const [bytes] = vectorModules('upgraded-v1')
    const older = bytes!.slice()
    older[4] = 6
    expect(() => readModule(older)).toThrow(
      expect.objectContaining({ code: 'MOVE_MODULE_MALFORMED', data: { word: 0x05000006 } }),
    )
  })

  it('give a module or a coded error when mutated, and what loads then runs or faults', () => {
    const rng = createRng(20261122)
    let loaded = 0
    for (let round = 0; round < 3000; round++) {
      const original = probe[rng.below(probe.length)]!
      const bytes = original.slice()
      for (let edits = 1 + rng.below(3); edits > 0; edits--) bytes[8 + rng.below(bytes.length - 8)] = rng.below(256)
      try {
        readModule(bytes)
        loaded++
        if (loaded % 4 === 0) runAll(bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(MoveFormatError)
      }
    }
    // The test would say nothing if everything were refused.
    expect(loaded).toBeGreaterThan(100)
  })
})

/** Calls every function without type parameters with arguments of a sort; only coded errors may come out. */
function runAll(bytes: Uint8Array): void {
  const module = readModule(bytes)
  const stored = storedPackage(module.address, [bytes], ['0x1', '0x2'].map(normalizeAddress))
  const loader = new Loader({ getObject: (id) => (id === stored.id ? stored : source.getObject(id)) })
  const arguments_: Record<string, unknown> = { u64: 1n, u8: 1, bool: true, address: normalizeAddress('0x1') }
  for (const definition of module.functionDefinitions) {
    const handle = module.functionHandles[definition.handle]!
    if (handle.typeParameters.length > 0) continue
    const args = module.signatures[handle.parameters]!.map(
      ({ kind }) => (arguments_[kind] ?? new ByteVector(new Uint8Array(2))) as ByteVector,
    )
    try {
      const instance = loader
        .linkage(stored.id)
        .module(module.address, module.name)
        .function(module.identifiers[handle.name]!)
        .instance([])
      callFunction(new Machine(loader, new Map(), undefined, 2000), instance, args)
    } catch (error) {
      const isCoded = [MoveFault, MoveFormatError, MoveLinkError].some((kind) => error instanceof kind)
      if (!isCoded) throw error
    }
  }
  expect(PRIMITIVES.u8.key).toBe('u8')
}
