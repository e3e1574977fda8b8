/** Abort codes of `move-stdlib`. Generated from the compiled package by `npm run move`; not edited by hand. */

/** Module → constant → code and meaning. */
export const ABORT_CODES = {
  ascii: {
    ENotAscii: { code: 65536, doc: "" },
  },
  option: {
    EIsSome: { code: 262144, doc: "" },
    EIsNone: { code: 262145, doc: "" },
  },
  string: {
    ENotUtf8: { code: 1, doc: "" },
    EBadIndex: { code: 2, doc: "" },
  },
  vector: {
    EOutOfRange: { code: 131072, doc: "" },
  },
} as const
