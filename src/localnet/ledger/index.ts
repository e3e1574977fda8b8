/** The local ledger: a single process that executes Move transactions and speaks the Sui gRPC-web API. */

export { LedgerError } from './errors.ts'
export {
  type ChangedObject,
  type CommittedEvent,
  type CommittedTransaction,
  type Durability,
  type GenesisOptions,
  type GenesisPackage,
  type GenesisResult,
  type LedgerHandle,
  type LedgerOptions,
  SYSTEM_ADDRESS,
  type TransactionPlan,
  type Unsubscribe,
} from './handle.ts'
export { startLedger } from './start.ts'
