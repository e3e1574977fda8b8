/** What the instructions on structs and enums refer to, and opening values of them. */

import { invariantFault, MoveFault } from './errors.ts'
import type { FunctionInstance } from './function-instance.ts'
import type { Layout } from './layout.ts'
import type { Loader } from './loader.ts'
import { OP } from './opcodes.ts'
import { assertDatatype, assertLayout, assertOfType } from './value-types.ts'
import { expectReference, expectStruct, type Reference, Struct, type Value, Variant } from './values.ts'

function tablesOf(instance: FunctionInstance) {
  return instance.function.module.loaded.module
}

/** Field handle behind an instance of one. */
function genericField(instance: FunctionInstance, index: number): number {
  return tablesOf(instance).fieldInstances[index]!.of
}

/** A reference to a field of the struct that `value` points to.
 *  @param operand - index of the field handle, or of an instance of one if the opcode is generic */
export function borrowField(
  instance: FunctionInstance,
  operand: number,
  opcode: number,
  value: Value,
  loader: Loader,
): Reference {
  const reference = expectReference(value)
  const struct = expectStruct(reference.get())
  const isGeneric = opcode === OP.MutBorrowFieldGeneric || opcode === OP.ImmBorrowFieldGeneric
  assertLayout(struct, isGeneric ? instance.genericFieldOwner(operand, loader) : instance.fieldOwner(operand, loader))
  const { field } = tablesOf(instance).fieldHandles[isGeneric ? genericField(instance, operand) : operand]!
  const mutable = opcode === OP.MutBorrowField || opcode === OP.MutBorrowFieldGeneric
  return reference.into(struct.fields, field, struct, mutable, struct.place(field))
}

/** References to all fields of the variant that `value` points to. */
export function borrowVariant(
  instance: FunctionInstance,
  operand: number,
  opcode: number,
  value: Value,
  loader: Loader,
): Reference[] {
  const reference = expectReference(value)
  const held = reference.get()
  const mutable = opcode === OP.UnpackVariantMutRef || opcode === OP.UnpackVariantGenericMutRef
  const fields = openVariant(instance, operand, opcode, held, loader)
  if (!mutable) reference.noteRead()
  return fields.map((_, i) => reference.into(fields, i, held, mutable, (held as Variant).place(i)))
}

/** The fields of a struct that must be of the type an unpack instruction names. */
export function openStruct(value: Value, layout: Layout): Value[] {
  const struct = expectStruct(value)
  assertLayout(struct, layout)
  return struct.fields
}

/** A struct of the values.
 *  @throws {MoveFault} invariant if one is not what its field holds */
export function packStruct(layout: Layout, values: Value[]): Struct {
  const fields = layout.fields!
  for (let i = 0; i < values.length; i++) assertOfType(values[i]!, fields[i]!.type)
  return new Struct(layout, values)
}

/** A variant of the values.
 *  @throws {MoveFault} invariant if one is not what its field holds */
export function packVariant({ layout, tag }: { layout: Layout; tag: number }, values: Value[]): Variant {
  const { fields } = layout.variants![tag]!
  for (let i = 0; i < values.length; i++) assertOfType(values[i]!, fields[i]!.type)
  return new Variant(layout, tag, values)
}

/** Tag of the enum that `value` points to, which must be the one the jump table is for. */
export function switchTag(instance: FunctionInstance, enumDefinition: number, value: Value): number {
  const subject = expectReference(value).get()
  if (!(subject instanceof Variant)) throw invariantFault('expected an enum')
  const { handle } = tablesOf(instance).enumDefinitions[enumDefinition]!
  assertDatatype(subject, instance.function.module.datatype(handle))
  return subject.tag
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
export function openVariant(
  instance: FunctionInstance,
  operand: number,
  opcode: number,
  value: Value,
  loader: Loader,
): Value[] {
  const { variantHandles, variantInstances } = tablesOf(instance)
  const isGeneric = opcode >= OP.UnpackVariantGeneric
  const { of, tag } = (isGeneric ? variantInstances : variantHandles)[operand]!
  if (!(value instanceof Variant)) throw invariantFault('expected an enum')
  assertLayout(value, isGeneric ? instance.genericEnum(of, loader) : instance.enum(of, loader))
  if (value.tag !== tag) throw new MoveFault('variant', `expected variant ${tag}, found ${value.tag}`)
  return value.fields
}
