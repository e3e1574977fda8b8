/** `floe::derivation`. Generated from the compiled package by `npm run move`; not edited by hand. */

import { NumberedLog } from '../floe/numbered-log.ts'
import { type LayoutOf, address, bytes, option, string, struct, table, u64 } from '../../layout.ts'
import { moveCall } from '../../move-call.ts'

export const Key = struct('derivation', 'Key', {})
export type Key = LayoutOf<typeof Key>

export const Input = struct('derivation', 'Input', {
  repository: address,
  commit: bytes,
})
export type Input = LayoutOf<typeof Input>

export const Edge = struct('derivation', 'Edge', {
  output: bytes,
  input: Input,
})
export type Edge = LayoutOf<typeof Edge>

export const Derivation = struct('derivation', 'Derivation', {
  output: bytes,
  input: Input,
  inputPush: option(u64),
  relation: string,
  statement: option(bytes),
  attester: address,
  timeMs: u64,
  suiEpoch: u64,
  previousOfOutput: option(u64),
  previousOfInput: option(u64),
})
export type Derivation = LayoutOf<typeof Derivation>

export const Derivations = struct('derivation', 'Derivations', {
  records: NumberedLog,
  newestOfInput: table,
  numbers: table,
})
export type Derivations = LayoutOf<typeof Derivations>

/** (&mut Repository, vector<u8>, ID, vector<u8>, String, Option<vector<u8>>, &Clock, &mut TxContext): u64 */
export const record = moveCall('derivation', 'record', { repository: 'object', output: 'vector<u8>', inputRepository: 'id', input: 'vector<u8>', relation: 'string', statement: 'option<vector<u8>>', clock: 'clock' }, 1)

/** (&mut Repository, vector<u8>, u64, String, Option<vector<u8>>, &Clock, &mut TxContext): u64 */
export const recordOwn = moveCall('derivation', 'record_own', { repository: 'object', output: 'vector<u8>', inputPush: 'u64', relation: 'string', statement: 'option<vector<u8>>', clock: 'clock' }, 1)

/** (&mut Repository, vector<u8>, &Repository, u64, String, Option<vector<u8>>, &Clock, &mut TxContext): u64 */
export const recordFrom = moveCall('derivation', 'record_from', { repository: 'object', output: 'vector<u8>', inputRepository: 'object', inputPush: 'u64', relation: 'string', statement: 'option<vector<u8>>', clock: 'clock' }, 1)

/** (&Repository): u64 */
export const count = moveCall('derivation', 'count', { repository: 'object' }, 1)

/** (&Repository, u64): Derivation */
export const edge = moveCall('derivation', 'edge', { repository: 'object', number: 'u64' }, 1)

/** (&Repository, vector<u8>): Option<u64> */
export const newestOfOutput = moveCall('derivation', 'newest_of_output', { repository: 'object', output: 'vector<u8>' }, 1)

/** (&Repository, ID, vector<u8>): Option<u64> */
export const newestOfInput = moveCall('derivation', 'newest_of_input', { repository: 'object', inputRepository: 'id', input: 'vector<u8>' }, 1)

/** (&Derivation): vector<u8> */
export const output = moveCall('derivation', 'output', { self: 'object' }, 1)

/** (&Derivation): ID */
export const inputRepository = moveCall('derivation', 'input_repository', { self: 'object' }, 1)

/** (&Derivation): vector<u8> */
export const input = moveCall('derivation', 'input', { self: 'object' }, 1)

/** (&Derivation): Option<u64> */
export const inputPush = moveCall('derivation', 'input_push', { self: 'object' }, 1)

/** (&Derivation): String */
export const relation = moveCall('derivation', 'relation', { self: 'object' }, 1)

/** (&Derivation): Option<vector<u8>> */
export const statement = moveCall('derivation', 'statement', { self: 'object' }, 1)

/** (&Derivation): address */
export const attester = moveCall('derivation', 'attester', { self: 'object' }, 1)

/** (&Derivation): Option<u64> */
export const previousOfOutput = moveCall('derivation', 'previous_of_output', { self: 'object' }, 1)

/** (&Derivation): Option<u64> */
export const previousOfInput = moveCall('derivation', 'previous_of_input', { self: 'object' }, 1)
