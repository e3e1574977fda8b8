/** A branch that has nothing to be pushed may be about to end all the same, or be over: then nobody can clone what is "up to
 *  date". */

import type { PackRecord } from '../ledger/repository-records.ts'
import type { RepositoryReader } from '../ledger/repository-state.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import type { Workspace } from '../store/workspace.ts'
import { type ExpiryWarning, earliestEnd, readExpiryMemory, WARN_BELOW_EPOCHS, warningsOf } from './expiry-memory.ts'
import { noteExpiry, unlessHindered } from './push-memory.ts'
import type { RemotePosition } from './push-target.ts'

/** Packs looked at: a few requests. */
const MAX_PACKS = 200
/** The same where this workspace remembers that one of earlier pushes ends soon. */
const MAX_EARLIER_PACKS = 10_000

export interface StandingBranch {
  remote: string
  network: string
  repository: string
  /** `heads/main` */
  ref: string
}

/** By the packs of its last push, which as a rule has extended those before it; where what is remembered says otherwise, by
 *  all that it may have built on.
 *  @returns nothing if it is stored for long enough */
export async function standingExpiry(
  workspace: Workspace,
  branch: StandingBranch,
  reader: RepositoryReader,
  { state, current, pushes }: RemotePosition,
  walrus: WalrusState,
  options: { signal?: AbortSignal | undefined },
): Promise<ExpiryWarning[]> {
  const record = pushes.get(current!.push)!
  // What had expired by then came again with the push, as far as its version needs it.
  const fetchLive = async (numbers: Iterable<number>): Promise<PackRecord[]> =>
    (await reader.fetchPacks(state, [...numbers], options)).filter((pack) => pack.endEpoch > record.walrusEpoch)
  const own = new Set([record.commitPack, ...record.segments.map(({ pack }) => pack)])
  for (const { first, count } of record.packs)
    for (let at = 0; at < count && own.size < MAX_PACKS; at++) own.add(first + at)
  const end = earliestEnd(await fetchLive(own))
  const memory = readExpiryMemory(workspace, branch.remote)
  const remembered =
    memory?.repository === branch.repository ? memory.refs.find(({ ref }) => ref === branch.ref)?.endEpoch : undefined
  const isSooner = remembered !== undefined && remembered > record.walrusEpoch && (end === null || remembered < end)
  if (isSooner && remembered - walrus.epoch < WARN_BELOW_EPOCHS) {
    const count = Math.max(record.commitPack + 1, ...record.packs.map((range) => range.first + range.count))
    if (count > MAX_EARLIER_PACKS) return warnings(remembered)
    const earliest = earliestEnd(await fetchLive(Array.from({ length: count }, (_, number) => number)))
    // Ends only move on, and among these packs are such as the branch does not need.
    const ends = [{ state: 'live' as const, endEpoch: Math.max(remembered, earliest ?? 0) }]
    return (await unlessHindered(() => noteExpiry(workspace, branch.remote, branch, walrus, ends))) ?? []
  }
  return end === null ? [] : warnings(end)

  function warnings(endEpoch: number): ExpiryWarning[] {
    const epochStartMs = walrus.epochStartMs ?? workspace.clock.now()
    const refs = [{ ref: branch.ref, endEpoch }]
    return warningsOf(branch.remote, { ...walrus, epochStartMs, refs }, epochStartMs)
  }
}
