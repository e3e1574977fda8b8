/** A package as the ledger stores it, and where the machine gets packages from. */

/** Which package version first had a datatype; types are named by it. */
export interface TypeOrigin {
  module: string
  datatype: string
  /** Package id: `0x` and 64 hex digits. */
  packageId: string
}

/** The version of a dependency that a package was built against. */
export interface LinkageEntry {
  packageId: string
  version: bigint
}

export interface PackageData {
  readonly kind: 'package'
  /** Module name → bytecode. */
  readonly modules: ReadonlyMap<string, Uint8Array>
  /** In order of modules and definitions. */
  readonly typeOrigins: readonly TypeOrigin[]
  /** Original package id → version to use. */
  readonly linkage: ReadonlyMap<string, LinkageEntry>
}

/** An object that may hold a package. */
export interface StoredPackage {
  readonly id: string
  readonly version: bigint
  readonly data: PackageData
}

/** Read access to packages, by storage id. What is returned for an id must be the same instance as long as it is in
 *  memory: parsed modules and links are cached by instance. */
export interface PackageSource {
  getObject(
    id: string,
  ):
    | { readonly id: string; readonly version: bigint; readonly data: PackageData | { readonly kind: 'move' } }
    | undefined
}
