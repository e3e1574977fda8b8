import { describe, expect, it } from 'vitest'
import type { FunctionDefinition, MoveModule } from '../../../src/localnet/movevm/module.ts'
import { readModule } from '../../../src/localnet/movevm/module-reader.ts'
import { OP } from '../../../src/localnet/movevm/opcodes.ts'
import { isUpgradable, type UpgradePolicy } from '../../../src/localnet/movevm/upgrade-check.ts'
import { vectorModules } from './probe.ts'

const shapes = vectorModules('probe')
  .map(readModule)
  .find(({ name }) => name === 'shapes')!

function allowed(next: MoveModule, policy: UpgradePolicy): boolean {
  return isUpgradable(new Map([['shapes', shapes]]), new Map([['shapes', next]]), policy)
}

/** The module with the operands of all instructions with these opcodes changed. */
function withOperands(opcodes: readonly number[], change: (operand: number) => number): MoveModule {
  const functionDefinitions = shapes.functionDefinitions.map((definition): FunctionDefinition => {
    const { code } = definition
    if (!code) return definition
    const operands = code.operands.map((operand, pc) =>
      opcodes.includes(code.opcodes[pc]!) ? change(operand) : operand,
    )
    return { ...definition, code: { ...code, operands } }
  })
  return { ...shapes, functionDefinitions }
}

describe('an upgrade under a policy that keeps code', () => {
  it('may be the same code again', () => {
    for (const policy of ['compatible', 'additive', 'dependencies-only'] as const) {
      expect(
        allowed(readModule(vectorModules('probe').find((bytes) => readModule(bytes).name === 'shapes')!), policy),
      ).toBe(true)
    }
  })

  it('may have more in its tables, which moves everything', () => {
    const moved = withOperands([OP.LdConst], (operand) => operand + 1)
    const constants = [{ type: { kind: 'bool' }, bytes: Uint8Array.of(1) } as const, ...shapes.constants]
    expect(allowed({ ...moved, constants }, 'additive')).toBe(true)
    expect(allowed({ ...moved, constants: [...constants].reverse() }, 'additive')).toBe(false)
  })

  it.each([
    ['another local', [OP.CopyLoc, OP.MoveLoc], (operand: number) => (operand === 0 ? 1 : operand)],
    ['another function', [OP.Call], (operand: number) => operand ^ 1],
    ['another field', [OP.MutBorrowFieldGeneric], (operand: number) => operand ^ 1],
    ['another variant', [OP.PackVariant], () => 0],
    ['another target', [OP.BrFalse], (operand: number) => operand - 1],
  ] as const)('may not use %s than before', (_, opcodes, change) => {
    const changed = withOperands(opcodes, change)
    expect(allowed(changed, 'compatible')).toBe(true)
    expect(allowed(changed, 'additive')).toBe(false)
    expect(allowed(changed, 'dependencies-only')).toBe(false)
  })
})
