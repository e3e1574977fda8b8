/** What the instructions on structs and enums refer to, and opening values of them. */

import { invariantFault, MoveFault } from './errors.ts'
import type { FunctionInstance } from './function-instance.ts'
import type { Layout } from './layout.ts'
import type { Loader } from './loader.ts'
import { OP } from './opcodes.ts'
import { expectReference, expectStruct, Reference, type Value, Variant } from './values.ts'

function tablesOf(instance: FunctionInstance) {
  return instance.function.module.loaded.module
}

/** Field handle behind an instance of one. */
export function genericField(instance: FunctionInstance, index: number): number {
  return tablesOf(instance).fieldInstances[index]!.of
}

/** A reference to a field of the struct that `reference` points to.
 *  @param handle - index of the field handle */
export function borrowField(instance: FunctionInstance, handle: number, reference: Value): Reference {
  const struct = expectStruct(expectReference(reference).get())
  const { field } = tablesOf(instance).fieldHandles[handle]!
  if (field >= struct.fields.length) throw invariantFault('field of another struct')
  return new Reference(struct.fields, field)
}

/** The enum and variant that a pack instruction names. */
export function variantOf(
  instance: FunctionInstance,
  operand: number,
  opcode: number,
  loader: Loader,
): { layout: Layout; tag: number } {
  const { variantHandles, variantInstances } = tablesOf(instance)
  if (opcode === OP.PackVariantGeneric) {
    const { of, tag } = variantInstances[operand]!
    return { layout: instance.genericEnum(of, loader), tag }
  }
  const { of, tag } = variantHandles[operand]!
  return { layout: instance.enum(of, loader), tag }
}

/** The fields of a value that must be of the variant an unpack instruction names.
 *  @throws {MoveFault} variant, invariant */
export function openVariant(instance: FunctionInstance, operand: number, opcode: number, value: Value): Value[] {
  const { variantHandles, variantInstances } = tablesOf(instance)
  const { tag } = (opcode >= OP.UnpackVariantGeneric ? variantInstances : variantHandles)[operand]!
  if (!(value instanceof Variant)) throw invariantFault('expected an enum')
  if (value.tag !== tag) throw new MoveFault('variant', `expected variant ${tag}, found ${value.tag}`)
  return value.fields
}
