/** `node test/move/coverage.ts [--missing]`: which instructions and branches of the packages the Move unit tests run, by
 *  module, on the machine of the local network. Bytecode carries no lines, so instructions stand for them; a branch is one
 *  of the two ways of a conditional jump. Test-only functions are left out. `--missing` names the functions with gaps. */

import type { Loader } from '../../src/localnet/movevm/loader.ts'
import type { FunctionDefinition } from '../../src/localnet/movevm/module.ts'
import { OP } from '../../src/localnet/movevm/opcodes.ts'
import { PACKAGE_ADDRESSES } from '../../src/move/packages.ts'
import { listMoveTests } from '../../src/move/test-modules.ts'
import { loadTestPackages, publishedFunctions, runMoveTest, TESTED } from './machine.ts'

interface Watched {
  readonly module: string
  readonly name: string
  readonly opcodes: Uint8Array
  readonly ran: Set<number>
  /** `from>to` of conditional jumps. */
  readonly ways: Set<string>
}

const isConditional = (opcode: number | undefined) => opcode === OP.BrTrue || opcode === OP.BrFalse

/** Puts in the place of a function's instructions what notes the reading of each. */
function watch(module: string, name: string, definition: FunctionDefinition): Watched | undefined {
  const { code } = definition
  if (!code) return undefined
  const { opcodes } = code
  const watched: Watched = { module, name, opcodes, ran: new Set(), ways: new Set() }
  let last = -1
  const spy = new Proxy(opcodes, {
    get(target, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (Number.isNaN(index)) return Reflect.get(target, key, target)
      // After a conditional jump the next instruction of the same function is where it led.
      if (index !== last && isConditional(target[last])) watched.ways.add(`${last}>${index}`)
      watched.ran.add(index)
      last = index
      return target[index]
    },
  })
  Object.assign(code, { opcodes: spy })
  return watched
}

function watchPackage(loader: Loader, name: (typeof TESTED)[number]): Watched[] {
  const published = publishedFunctions(name)
  const watched: Watched[] = []
  for (const [module, { functions }] of loader.package(PACKAGE_ADDRESSES[name]).modules) {
    for (const [called, definition] of functions) {
      if (!published.has(`${module}::${called}`)) continue
      const entry = watch(module, called, definition)
      if (entry) watched.push(entry)
    }
  }
  return watched
}

const percent = (part: number, all: number) => (all === 0 ? '100.0' : ((100 * part) / all).toFixed(1)).padStart(6)

function row(label: string, entries: readonly Watched[]): string {
  const sum = (count: (entry: Watched) => number) => entries.reduce((total, entry) => total + count(entry), 0)
  const instructions = sum(({ opcodes }) => opcodes.length)
  const ran = sum(({ ran: { size } }) => size)
  const branches = sum(({ opcodes }) => 2 * opcodes.filter(isConditional).length)
  const ways = sum(({ ways: { size } }) => size)
  const counts = `${String(ran).padStart(6)}/${String(instructions).padEnd(6)} ${String(ways).padStart(5)}/${String(branches).padEnd(5)}`
  return `${label.padEnd(28)} ${percent(ran, instructions)} % ${percent(ways, branches)} %   ${counts}`
}

const loader = await loadTestPackages()
const watched = new Map(TESTED.map((name) => [name, watchPackage(loader, name)]))
for (const name of TESTED) for (const test of listMoveTests(name)) runMoveTest(loader, test)
console.log(`${''.padEnd(28)} instructions  branches`)
for (const [name, entries] of watched) {
  console.log(row(name, entries))
  for (const module of new Set(entries.map((entry) => entry.module))) {
    const own = entries.filter((entry) => entry.module === module)
    console.log(row(`  ${module}`, own))
    if (!process.argv.includes('--missing')) continue
    for (const { name: called, opcodes, ran } of own) {
      if (ran.size < opcodes.length) console.log(`      ${called}: ${opcodes.length - ran.size} not run`)
    }
  }
}
