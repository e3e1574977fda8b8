/** Packages, functions and types as protobuf messages. */

import type { LedgerPackage } from '../ledger/object.ts'
import { openPackage } from '../movevm/loaded-package.ts'
import type {
  Ability,
  DatatypeDeclaration,
  DatatypeField,
  FunctionSignature,
  OpenSignature,
  OpenType,
} from '../movevm/signatures.ts'
import { Proto } from './messages.ts'

const { Ability: AbilityCode, OpenSignatureBody_Type: TypeCode, OpenSignature_Reference: Reference } = Proto

const ABILITIES: Readonly<Record<Ability, Proto.Ability>> = {
  copy: AbilityCode.COPY,
  drop: AbilityCode.DROP,
  store: AbilityCode.STORE,
  key: AbilityCode.KEY,
}

const PRIMITIVES: Readonly<Record<string, Proto.OpenSignatureBody_Type>> = {
  address: TypeCode.ADDRESS,
  bool: TypeCode.BOOL,
  u8: TypeCode.U8,
  u16: TypeCode.U16,
  u32: TypeCode.U32,
  u64: TypeCode.U64,
  u128: TypeCode.U128,
  u256: TypeCode.U256,
}

const VISIBILITIES: Readonly<Record<FunctionSignature['visibility'], Proto.FunctionDescriptor_Visibility>> = {
  private: Proto.FunctionDescriptor_Visibility.PRIVATE,
  public: Proto.FunctionDescriptor_Visibility.PUBLIC,
  friend: Proto.FunctionDescriptor_Visibility.FRIEND,
}

const REFERENCES: Readonly<Record<OpenSignature['reference'], Proto.OpenSignature_Reference | undefined>> = {
  none: undefined,
  immutable: Reference.IMMUTABLE,
  mutable: Reference.MUTABLE,
}

export function abilityCodes(abilities: readonly Ability[]): Proto.Ability[] {
  return abilities.map((ability) => ABILITIES[ability])
}

export function typeBody(type: OpenType): Proto.OpenSignatureBody {
  switch (type.kind) {
    case 'vector':
      return { type: TypeCode.VECTOR, typeParameterInstantiation: [typeBody(type.element)] }
    case 'datatype':
      return {
        type: TypeCode.DATATYPE,
        typeName: type.typeName,
        typeParameterInstantiation: type.typeArguments.map(typeBody),
      }
    case 'typeParameter':
      return { type: TypeCode.TYPE_PARAMETER, typeParameter: type.index, typeParameterInstantiation: [] }
    default:
      return { type: PRIMITIVES[type.kind] ?? TypeCode.TYPE_UNKNOWN, typeParameterInstantiation: [] }
  }
}

function signatureMessage(signature: OpenSignature): Proto.OpenSignature {
  return { reference: REFERENCES[signature.reference], body: typeBody(signature.body) }
}

export function functionMessage(signature: FunctionSignature): Proto.FunctionDescriptor {
  return {
    name: signature.name,
    visibility: VISIBILITIES[signature.visibility],
    isEntry: signature.isEntry,
    typeParameters: signature.typeParameters.map(({ constraints }) => ({ constraints: abilityCodes(constraints) })),
    parameters: signature.parameters.map(signatureMessage),
    returns: signature.returns.map(signatureMessage),
  }
}

function fieldMessages(fields: readonly DatatypeField[]): Proto.FieldDescriptor[] {
  return fields.map(({ name, type }, position) => ({ name, position, type: typeBody(type) }))
}

/** @param module, name - of the type, as asked for */
export function datatypeMessage(declared: DatatypeDeclaration, module: string, name: string): Proto.DatatypeDescriptor {
  return {
    typeName: declared.typeName,
    definingId: declared.definingId,
    module,
    name,
    abilities: abilityCodes(declared.abilities),
    typeParameters: declared.typeParameters.map(({ constraints, isPhantom }) => ({
      constraints: abilityCodes(constraints),
      isPhantom,
    })),
    kind: declared.fields ? Proto.DatatypeDescriptor_DatatypeKind.STRUCT : Proto.DatatypeDescriptor_DatatypeKind.ENUM,
    fields: fieldMessages(declared.fields ?? []),
    variants: (declared.variants ?? []).map((variant, position) => ({
      name: variant.name,
      position,
      fields: fieldMessages(variant.fields),
    })),
  }
}

/** Id of the package's first version. */
export function originalId(object: LedgerPackage): string {
  return openPackage(object).originalId
}

/** Bytecode and tables; descriptors of single functions and types are asked for one by one. */
export function packageMessage(object: LedgerPackage): Proto.Package {
  const { modules, typeOrigins, linkage } = object.data
  return Proto.Package.create({
    storageId: object.id,
    originalId: originalId(object),
    version: object.version,
    modules: [...modules].map(([name, contents]) => ({ name, contents, datatypes: [], functions: [] })),
    typeOrigins: typeOrigins.map((origin) => ({
      moduleName: origin.module,
      datatypeName: origin.datatype,
      packageId: origin.packageId,
    })),
    linkage: [...linkage].map(([originalId, entry]) => ({
      originalId,
      upgradedId: entry.packageId,
      upgradedVersion: entry.version,
    })),
  })
}
