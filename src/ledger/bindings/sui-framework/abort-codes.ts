/** Abort codes of `sui-framework`. Generated from the compiled package by `npm run move`; not edited by hand. */

/** Module → constant → code and meaning. */
export const ABORT_CODES = {
  bag: {
    EBagNotEmpty: { code: 0, doc: "" },
  },
  balance: {
    ENonZero: { code: 0, doc: "" },
    EOverflow: { code: 1, doc: "" },
    ENotEnough: { code: 2, doc: "" },
  },
  bcs: {
    EOutOfRange: { code: 0, doc: "" },
    ENotBool: { code: 1, doc: "" },
    ELenOutOfRange: { code: 2, doc: "" },
  },
  coin: {
    EBadWitness: { code: 0, doc: "" },
    EInvalidArg: { code: 1, doc: "" },
    ENotEnough: { code: 2, doc: "" },
  },
  dynamic_field: {
    EFieldAlreadyExists: { code: 0, doc: "" },
    EFieldDoesNotExist: { code: 1, doc: "" },
    EFieldTypeMismatch: { code: 2, doc: "" },
  },
  ecdsa_k1: {
    EFailToRecoverPubKey: { code: 0, doc: "" },
    EInvalidSignature: { code: 1, doc: "" },
    EInvalidPubKey: { code: 2, doc: "" },
  },
  ecdsa_r1: {
    EFailToRecoverPubKey: { code: 0, doc: "" },
    EInvalidSignature: { code: 1, doc: "" },
  },
  funds_accumulator: {
    EOverflow: { code: 0, doc: "More was asked for than the type can hold." },
    EInvalidSubLimit: { code: 1, doc: "A part of a withdrawal cannot be more than the whole." },
    EOwnerMismatch: { code: 2, doc: "Withdrawals of different owners cannot be joined." },
  },
  group_ops: {
    ENotSupported: { code: 0, doc: "" },
    EInvalidInput: { code: 1, doc: "" },
    EInputTooLong: { code: 2, doc: "" },
    EInvalidBufferLength: { code: 3, doc: "" },
  },
  hex: {
    EInvalidHexLength: { code: 0, doc: "" },
    ENotValidHexCharacter: { code: 1, doc: "" },
  },
  object_table: {
    ETableNotEmpty: { code: 0, doc: "" },
  },
  package: {
    ENotOneTimeWitness: { code: 0, doc: "" },
    ETooPermissive: { code: 1, doc: "" },
    EAlreadyAuthorized: { code: 2, doc: "" },
    ENotAuthorized: { code: 3, doc: "" },
    EWrongUpgradeCap: { code: 4, doc: "" },
  },
  table: {
    ETableNotEmpty: { code: 0, doc: "" },
  },
  test_scenario: {
    ECantReturnObject: { code: 2, doc: "" },
    EEmptyInventory: { code: 3, doc: "" },
  },
  vec_map: {
    EKeyAlreadyExists: { code: 0, doc: "" },
    EKeyDoesNotExist: { code: 1, doc: "" },
    EMapNotEmpty: { code: 2, doc: "" },
    EIndexOutOfBounds: { code: 3, doc: "" },
    EMapEmpty: { code: 4, doc: "" },
  },
  vec_set: {
    EKeyAlreadyExists: { code: 0, doc: "" },
    EKeyDoesNotExist: { code: 1, doc: "" },
  },
} as const
