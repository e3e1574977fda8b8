/** Bounds of the machine. Those marked "as on Sui" equal the chain's; the others keep a development network alive when
 *  it is fed nonsense. */

/** Bytes of one module. */
export const MAX_MODULE_BYTES = 100 * 1024
/** Bytes of all modules of a package; as on Sui. */
export const MAX_PACKAGE_BYTES = 100 * 1024
/** Entries of any one table of a module. */
export const MAX_TABLE_ENTRIES = 65_535
/** Instructions of one function. */
export const MAX_CODE_LENGTH = 65_535
/** Bytes of one identifier; as on Sui. */
export const MAX_IDENTIFIER_BYTES = 128
/** Nesting of a type, in code or in a tag; as on Sui. */
export const MAX_TYPE_DEPTH = 16
/** Nodes of a type, in code or in a tag; as on Sui. */
export const MAX_TYPE_NODES = 256
/** Nesting of a value; as on Sui. */
export const MAX_VALUE_DEPTH = 128
/** Values on the operand stack; as on Sui. */
export const MAX_OPERANDS = 1024
/** Frames on the call stack; as on Sui. */
export const MAX_CALL_DEPTH = 1024
/** Elements of a vector in code; as on Sui. */
export const MAX_VECTOR_LENGTH = 262_144
/** Instructions of one transaction: about a second or two. */
export const MAX_INSTRUCTIONS = 10_000_000
/** Bytes that one transaction may copy, append or read while it runs. */
export const MAX_COPIED_BYTES = 512 * 1024 * 1024
/** Bytes of one object or event; as on Sui. */
export const MAX_OBJECT_BYTES = 250 * 1024
/** Function instances and layouts kept per linked package before the caches are dropped. */
export const MAX_CACHED_INSTANCES = 8_192
