/** Abort codes of `wal_exchange`. Generated from the compiled package by `npm run move`; not edited by hand. */

/** Module → constant → code and meaning. */
export const ABORT_CODES = {
  wal_exchange: {
    EInsufficientFundsInExchange: { code: 0, doc: "The exchange has too little of what is asked for." },
    EInsufficientInputBalance: { code: 1, doc: "The coin has less than is to be changed." },
    EUnauthorizedAdminCap: { code: 2, doc: "The capability is for another exchange." },
    EInvalidExchangeRate: { code: 3, doc: "A side of the rate is 0." },
  },
} as const
