/** Abort codes of `wal`. Generated from the compiled package by `npm run move`; not edited by hand. */

/** Module → constant → code and meaning. */
export const ABORT_CODES = {
} as const
