/** What a dynamic field object says: the parts of `0x2::dynamic_field::Field<K, V>`. */

import { Loader } from '../movevm/loader.ts'
import { addressFromBytes, SUI_FRAMEWORK_ADDRESS } from '../movevm/types.ts'
import { decodeValue, encodeValue } from '../movevm/value-bcs.ts'
import { Struct } from '../movevm/values.ts'
import type { ObjectSource } from './execution.ts'
import { type LedgerObject, objectType } from './object.ts'

const ID_BYTES = 32

export interface DynamicFieldView {
  /** `object`: the field names a child object; `nameType` is then the key type that the user chose. */
  kind: 'field' | 'object'
  nameType: string
  /** BCS of the key. */
  name: Uint8Array
  /** Type of the value, or of the child object (undefined if the child is missing). */
  valueType: string | undefined
  /** BCS of the value as it stands in the field: for `object` the child's id. */
  value: Uint8Array
  childId: string | undefined
}

/** The parts of a field, or nothing if the object is no dynamic field.
 *  @throws {MoveFormatError | MoveLinkError} if the object's type is not published */
export function dynamicFieldView(source: ObjectSource, object: LedgerObject): DynamicFieldView | undefined {
  if (object.data.kind !== 'move') return undefined
  const type = objectType(object.data.type)
  const [keyType, valueType] = type.typeArguments
  const isField = type.address === SUI_FRAMEWORK_ADDRESS && type.module === 'dynamic_field' && type.name === 'Field'
  if (!isField || !keyType || !valueType) return undefined
  const { contents } = object.data
  const decoded = decodeValue(type, contents, new Loader(source).layout)
  if (!(decoded instanceof Struct)) return undefined
  const name = encodeValue(decoded.fields[1]!)
  const value = contents.subarray(ID_BYTES + name.length)
  const isObject =
    keyType.kind === 'datatype' &&
    keyType.address === SUI_FRAMEWORK_ADDRESS &&
    keyType.module === 'dynamic_object_field' &&
    keyType.name === 'Wrapper'
  if (!isObject) {
    return { kind: 'field', nameType: keyType.key, name, valueType: valueType.key, value, childId: undefined }
  }
  const childId = addressFromBytes(value)
  const child = source.getObject(childId)
  return {
    kind: 'object',
    nameType: keyType.typeArguments[0]!.key,
    name,
    valueType: child?.data.kind === 'move' ? child.data.type : undefined,
    value,
    childId,
  }
}
