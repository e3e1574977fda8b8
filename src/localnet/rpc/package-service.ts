/** `sui.rpc.v2.MovePackageService`: bytecode, functions and types, read from what is published. */

import type { Chain } from '../ledger/chain.ts'
import { invalidArgument, notFound } from '../ledger/errors.ts'
import { isPackage, type LedgerPackage } from '../ledger/object.ts'
import { moduleDatatype, moduleFunction } from '../movevm/signatures.ts'
import { isIdentifier, normalizeAddress } from '../movevm/types.ts'
import type { Handlers, Unary } from './dispatch.ts'
import type { Proto } from './messages.ts'
import { datatypeMessage, functionMessage, originalId, packageMessage } from './package-message.ts'

export function packageService(chain: Chain): Handlers {
  const { state } = chain

  function findPackage(packageId: string | undefined): LedgerPackage {
    if (!packageId) throw invalidArgument('missing package_id')
    const id = normalizeAddress(packageId)
    const object = state.getObject(id)
    if (!object || !isPackage(object)) throw notFound(`Package ${id} not found`)
    return object
  }

  const getPackage: Unary<Proto.GetPackageRequest, Proto.GetPackageResponse> = (request) => ({
    package: packageMessage(findPackage(request.packageId)),
  })

  const getFunction: Unary<Proto.GetFunctionRequest, Proto.GetFunctionResponse> = (request) => {
    const { id } = findPackage(request.packageId)
    const { moduleName = '', name = '' } = request
    if (!isIdentifier(moduleName) || !isIdentifier(name)) throw invalidArgument('malformed module_name or name')
    const signature = moduleFunction(state, id, moduleName, name)
    if (!signature) throw notFound(`Function ${id}::${moduleName}::${name} not found`)
    return { function: functionMessage(signature) }
  }

  const getDatatype: Unary<Proto.GetDatatypeRequest, Proto.GetDatatypeResponse> = (request) => {
    const { id } = findPackage(request.packageId)
    const { moduleName = '', name = '' } = request
    if (!isIdentifier(moduleName) || !isIdentifier(name)) throw invalidArgument('malformed module_name or name')
    const declared = moduleDatatype(state, id, moduleName, name)
    if (!declared) throw notFound(`Datatype ${id}::${moduleName}::${name} not found`)
    return { datatype: datatypeMessage(declared, moduleName, name) }
  }

  const listPackageVersions: Unary<Proto.ListPackageVersionsRequest, Proto.ListPackageVersionsResponse> = (request) => {
    const asked = findPackage(request.packageId)
    const original = originalId(asked)
    const versions: Proto.PackageVersion[] = []
    for (const object of state.liveObjects()) {
      if (isPackage(object) && originalId(object) === original) {
        versions.push({ packageId: object.id, version: object.version })
      }
    }
    versions.sort((a, b) => Number((a.version ?? 0n) - (b.version ?? 0n)))
    return { versions }
  }

  return {
    GetPackage: getPackage,
    GetDatatype: getDatatype,
    GetFunction: getFunction,
    ListPackageVersions: listPackageVersions,
  }
}
