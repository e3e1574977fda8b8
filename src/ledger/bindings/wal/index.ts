/** Modules of the package `wal`. Generated from the compiled package by `npm run move`; not edited by hand. */

export * as wal from './wal.ts'
