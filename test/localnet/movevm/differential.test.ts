import { readFileSync } from 'node:fs'
import { initMovePackageBuilder, MovePackageFetcher, testMovePackage } from '@zktx.io/sui-move-builder/full'
import { expect, it } from 'vitest'
import { createRng, type Rng } from '../../../src/base/rng.ts'
import { MoveFault } from '../../../src/localnet/movevm/errors.ts'
import { integer, type Width } from '../../../src/localnet/movevm/integers.ts'
import { PRIMITIVES } from '../../../src/localnet/movevm/types.ts'
import { encodeValue } from '../../../src/localnet/movevm/value-bcs.ts'
import { MoveVector, type Value } from '../../../src/localnet/movevm/values.ts'
import { packageFiles } from '../../../src/move/compiler.ts'
import { numbersModule } from '../../vectors/move/numbers.ts'
import { bytes, call } from './probe.ts'

class Offline extends MovePackageFetcher {
  override async fetch(_git: string, _revision: string, folder?: string): Promise<Record<string, string>> {
    return packageFiles(folder?.endsWith('move-stdlib') ? 'move-stdlib' : 'sui-framework', true)
  }
  override async fetchFile(): Promise<null> {
    return null
  }
}

interface Sample {
  module: string
  name: string
  /** Arguments as Move source and as values. */
  sources: string[]
  args: Value[]
  typeArguments?: string[]
}

const hex = (content: Uint8Array) => `x"${Buffer.from(content).toString('hex')}"`

/** A number of a width, often near an end of its range. */
function randomNumber(rng: Rng, width: number): bigint {
  const max = (1n << BigInt(width)) - 1n
  const special = [0n, 1n, 2n, max, max - 1n, 1n << BigInt(width / 2)]
  if (rng.below(2) === 0) return special[rng.below(special.length)]!
  const content = rng.fill(new Uint8Array(width / 8))
  return BigInt(`0x${Buffer.from(content).toString('hex')}`)
}

function numberSamples(rng: Rng, count: number): Sample[] {
  const operations = [
    'add',
    'sub',
    'mul',
    'div',
    'mod',
    'or',
    'and',
    'xor',
    'lt',
    'gt',
    'le',
    'ge',
    'eq',
    'ne',
    'shl',
    'shr',
  ]
  return Array.from({ length: count }, () => {
    const width = ([8, 16, 32, 64, 128, 256] as Width[])[rng.below(6)]!
    const operation = [...operations, 'cast'][rng.below(operations.length + 1)]!
    const name = `${operation}_u${width}`
    if (operation === 'cast') {
      const value = randomNumber(rng, rng.below(2) ? width : 256)
      return { module: 'numbers', name, sources: [String(value)], args: [integer(256, value)] }
    }
    const a = randomNumber(rng, width)
    const isShift = operation === 'shl' || operation === 'shr'
    const b = isShift ? BigInt(rng.below(Math.min(256, width + 3))) : randomNumber(rng, width)
    return {
      module: 'numbers',
      name,
      sources: [String(a), String(b)],
      args: [integer(width, a), integer(isShift ? 8 : width, b)],
    }
  })
}

function otherSamples(rng: Rng): Sample[] {
  const samples: Sample[] = []
  for (let round = 0; round < 8; round++) {
    const n = BigInt(1 + rng.below(60))
    const at = BigInt(rng.below(6))
    const list = Array.from({ length: rng.below(5) }, () => BigInt(rng.nextU32()))
    const text = rng.fill(new Uint8Array(4))
    samples.push(
      { module: 'lists', name: 'sum', sources: [String(n)], args: [n] },
      { module: 'lists', name: 'deep', sources: [String(n)], args: [n] },
      { module: 'lists', name: 'set', sources: [hex(text), String(at), '7'], args: [bytes([...text]), at, 7] },
      {
        module: 'lists',
        name: 'element',
        sources: [`vector[${list}]`, String(at)],
        args: [new MoveVector([...list], PRIMITIVES.u64), at],
      },
      { module: 'shapes', name: 'circle', sources: [String(n)], args: [n] },
      { module: 'shapes', name: 'add_item', sources: [String(n)], args: [n] },
      { module: 'natives', name: 'valid', sources: [hex(text)], args: [bytes([...text])] },
    )
  }
  const none = { sources: [], args: [] }
  for (const name of ['weigh', 'nested', 'empty']) samples.push({ module: 'shapes', name, ...none })
  samples.push({ module: 'lists', name: 'nested', ...none })
  samples.push({ module: 'shapes', name: 'tagged', sources: ['5'], args: [integer(32, 5n)], typeArguments: ['u8'] })
  return samples
}

/** A unit test that demands of the other machine what this one gave. */
function unitTest({ module, name, sources, args, typeArguments = [] }: Sample, index: number): string {
  const types = typeArguments.length > 0 ? `<${typeArguments.join(', ')}>` : ''
  const invocation = `probe::${module}::${name}${types}(${sources.join(', ')})`
  try {
    const [value] = call(module, name, args, { typeArguments })
    return `#[test] fun t${index}() { assert!(std::bcs::to_bytes(&${invocation}) == ${hex(encodeValue(value!))}, 0) }`
  } catch (error) {
    if (!(error instanceof MoveFault)) throw error
    return `#[test, expected_failure(${expectation(error)})] fun t${index}() { ${invocation}; }`
  }
}

function expectation({ fault, abortCode, location }: MoveFault): string {
  const where = `location = ${location!.module === 'vector' ? 'std::vector' : `probe::${location!.module}`}`
  if (fault === 'arithmetic') return `arithmetic_error, ${where}`
  if (fault === 'vector') return `vector_error, minor_status = ${abortCode}, ${where}`
  if (fault === 'abort') return `abort_code = ${abortCode}, ${where}`
  throw new Error(`no expectation for ${fault}`)
}

it('computes, faults and aborts as the machine of the chain does', async () => {
  const rng = createRng(7)
  const samples = [...numberSamples(rng, 250), ...otherSamples(rng)]
  const tests = samples.map(unitTest)
  expect(tests.filter((test) => test.includes('expected_failure')).length).toBeGreaterThan(20)
  const source = (file: string) => readFileSync(new URL(`../../vectors/move/probe/${file}`, import.meta.url), 'utf8')
  const files: Record<string, string> = {
    'Move.toml': '[package]\nname = "probe"\nedition = "2024"\n\n[addresses]\nprobe = "0x0"\n',
    'sources/numbers.move': numbersModule(),
    'tests/differential.move': `#[test_only]\nmodule probe::differential;\n\n${tests.join('\n')}\n`,
  }
  for (const file of ['shapes.move', 'lists.move', 'natives.move']) files[`sources/${file}`] = source(file)
  await initMovePackageBuilder()
  const result = await testMovePackage({ files, fetcher: new Offline(), ansiColor: false })
  if (!('passed' in result) || !result.passed)
    throw new Error(JSON.stringify(result).slice(0, 5000).replaceAll('\\n', '\n'))
  expect(result.output).toContain(`Total tests: ${tests.length}; passed: ${tests.length}; failed: 0`)
})
