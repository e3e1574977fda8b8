/** Filters of transactions and events: a disjunction of terms, each a conjunction of possibly negated literals. */

import { invalidArgument } from '../ledger/errors.ts'
import type { RecordedEvent, TransactionRecord } from '../ledger/record.ts'
import type { LedgerState } from '../ledger/state.ts'
import { normalizeAddress } from '../movevm/types.ts'
import type { Proto } from './messages.ts'
import { createTypeFilter } from './type-filter.ts'

/** Bounds the work of one match. */
const MAX_LITERALS = 64

type Test<T> = (item: T) => boolean

function requiredText(value: string | undefined, field: string): string {
  if (!value) throw invalidArgument(`missing ${field} in filter`)
  return value
}

function anyTerm<T, L>(terms: readonly { literals: readonly L[] }[], test: (literal: L) => Test<T>): Test<T> {
  const count = terms.reduce((sum, term) => sum + term.literals.length, 0)
  if (count > MAX_LITERALS) throw invalidArgument(`more than ${MAX_LITERALS} literals in filter`)
  if (terms.some((term) => term.literals.length === 0)) throw invalidArgument('empty term in filter')
  const tests = terms.map((term) => term.literals.map(test))
  return (item) => tests.some((literals) => literals.every((literal) => literal(item)))
}

function negatable<T>(negated: boolean, test: Test<T>): Test<T> {
  return negated ? (item) => !test(item) : test
}

/** `package`, `package::module` or `package::module::function`, as a test on `package::module[::function]`. */
function pathPrefix(text: string): Test<string> {
  const [address, ...names] = text.split('::')
  if (names.length > 2) throw invalidArgument(`not a package, module or function: ${text.slice(0, 200)}`)
  const path = [normalizeAddress(address!), ...names].join('::')
  return (candidate) => candidate === path || candidate.startsWith(`${path}::`)
}

type EventPredicate = Proto.EventLiteral['predicate']

function eventTest(predicate: EventPredicate): Test<RecordedEvent> {
  switch (predicate.oneofKind) {
    case 'sender': {
      const address = normalizeAddress(requiredText(predicate.sender.address, 'sender.address'))
      return (event) => event.sender === address
    }
    case 'emitModule': {
      const matches = pathPrefix(requiredText(predicate.emitModule.module, 'emit_module.module'))
      return (event) => matches(`${event.packageId}::${event.module}`)
    }
    case 'eventType': {
      const matches = createTypeFilter(requiredText(predicate.eventType.eventType, 'event_type.event_type'))
      return (event) => matches(event.type)
    }
    case 'eventStreamHead':
      // Authenticated event streams do not exist here.
      return () => false
    default:
      throw invalidArgument('missing or unknown predicate in filter')
  }
}

/** @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function createEventFilter(filter: Proto.EventFilter | undefined): Test<RecordedEvent> {
  if (!filter || filter.terms.length === 0) return () => true
  return anyTerm(filter.terms, (literal) => negatable(literal.negated, eventTest(literal.predicate)))
}

function transactionTest(predicate: Proto.TransactionLiteral['predicate']): Test<TransactionRecord> {
  switch (predicate.oneofKind) {
    case 'sender': {
      const address = normalizeAddress(requiredText(predicate.sender.address, 'sender.address'))
      return (transaction) => transaction.sender === address
    }
    case 'moveCall': {
      const matches = pathPrefix(requiredText(predicate.moveCall.function, 'move_call.function'))
      return (transaction) => transaction.calls.some(matches)
    }
    case 'affectedObject': {
      const id = normalizeAddress(requiredText(predicate.affectedObject.objectId, 'affected_object.object_id'))
      return (transaction) => transaction.changed.some((object) => object.id === id)
    }
    case 'affectedAddress': {
      const address = normalizeAddress(requiredText(predicate.affectedAddress.address, 'affected_address.address'))
      return (transaction) =>
        transaction.sender === address ||
        transaction.gasOwner === address ||
        transaction.balanceChanges.some((change) => change.address === address)
    }
    case 'packageWrite':
      return (transaction) => transaction.changed.some((object) => object.type === 'package')
    case 'emitModule':
    case 'eventType':
    case 'eventStreamHead': {
      const test = eventTest(predicate)
      return (transaction) => transaction.events.some(test)
    }
    default:
      throw invalidArgument('missing or unknown predicate in filter')
  }
}

export interface TransactionFilter {
  matches: Test<TransactionRecord>
  /** Positions that can match, ascending, if an index narrows them down. */
  candidates(state: LedgerState): readonly number[] | undefined
}

/** @throws {LedgerError} LEDGER_INVALID_ARGUMENT */
export function createTransactionFilter(filter: Proto.TransactionFilter | undefined): TransactionFilter {
  if (!filter || filter.terms.length === 0) return { matches: () => true, candidates: () => undefined }
  const ids = filter.terms.map((term) => {
    const literal = term.literals.find(({ negated, predicate }) => !negated && predicate.oneofKind === 'affectedObject')
    return literal?.predicate.oneofKind === 'affectedObject'
      ? normalizeAddress(literal.predicate.affectedObject.objectId ?? '')
      : undefined
  })
  return {
    matches: anyTerm(filter.terms, (literal) => negatable(literal.negated, transactionTest(literal.predicate))),
    candidates(state) {
      const positions = new Set<number>()
      for (const id of ids) {
        if (id === undefined) return undefined
        for (const position of state.transactionsOf(id)) positions.add(position)
      }
      return [...positions].sort((a, b) => a - b)
    },
  }
}
