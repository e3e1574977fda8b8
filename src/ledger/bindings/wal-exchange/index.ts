/** Modules of the package `wal_exchange`. Generated from the compiled package by `npm run move`; not edited by hand. */

export * as walExchange from './wal-exchange.ts'
