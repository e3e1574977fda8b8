/** Marks of commits: what became of them after they were pushed, and what they were made from. On chain, for everyone who
 *  reads the repository; what this workspace has read is remembered for `log` and `show`. */

import { readFile } from 'node:fs/promises'
import { FloeError, UsageError } from '../base/errors.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { resolveRevision } from '../history/revision.ts'
import {
  COMMIT_STATUSES,
  type CommitStatus,
  type DerivationRecord,
  fetchCommitStatuses,
  fetchDerivations,
  fetchStatusHistory,
  type StatusRecord,
} from '../ledger/repository-marks.ts'
import type { RepositoryReader, RepositoryState } from '../ledger/repository-state.ts'
import { addDerivation, addStatus } from '../ledger/transactions/marks.ts'
import { openWorkspace, type Workspace } from '../store/workspace.ts'
import { ensureLocalFunds } from './local-funds.ts'
import { rememberMarks } from './marks-memory.ts'
import { localRefName, parseRepositoryAddress, readRemote } from './remote.ts'
import { openRemoteContext, type RemoteContext } from './remote-context.ts'
import type { RemoteOptions } from './remote-options.ts'
import { revisionSource } from './versions.ts'

export interface MarkOptions extends RemoteOptions {
  /** Default HEAD. */
  revision?: string | undefined
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
}

/** A derivation, and whether the input's repository bears it out. */
export interface CheckedDerivation extends DerivationRecord {
  /** `pushed`: the push that the record names brought this commit, and was looked up. `claimed`: nothing but a word. */
  evidence: 'pushed' | 'claimed'
}

export interface Marks {
  network: string
  repository: string
  commit: string
  status: CommitStatus
  /** Newest first. */
  history: StatusRecord[]
  derivedFrom: CheckedDerivation[]
}

/** What the remote says about a commit. */
export async function marksOf(dir: string, options: MarkOptions): Promise<Marks> {
  await using workspace = await openWorkspace(dir)
  const { commit, context, reader, state, place } = await open(workspace, options)
  const history = await fetchStatusHistory(reader, state, commit, options)
  const derivations = await fetchDerivations(reader, state, commit, options)
  const derivedFrom: CheckedDerivation[] = []
  for (const edge of derivations) derivedFrom.push({ ...edge, evidence: await evidenceOf(context, edge, options) })
  await remember(workspace, place.name, place.repository, history.slice(0, 1))
  const { network, repository } = place
  return { network, repository, commit, status: history[0]?.status ?? 'active', history, derivedFrom }
}

/** @throws {FloeError} DERIVATION_FALSE if the push that the record names brought another commit */
async function evidenceOf(
  context: RemoteContext,
  edge: DerivationRecord,
  options: RemoteOptions,
): Promise<CheckedDerivation['evidence']> {
  if (edge.inputPush === null) return 'claimed'
  const reader = context.repository(edge.input.repository)
  const [push] = await reader.fetchPushesAt(await reader.fetchState(options), [edge.inputPush], options)
  if (push?.new === edge.input.commit) return 'pushed'
  throw new FloeError('integrity', 'DERIVATION_FALSE', `push ${edge.inputPush} did not bring ${edge.input.commit}`, {
    data: { input: edge.input, push: edge.inputPush, brought: push?.new ?? null },
  })
}

export interface MarkChange extends MarkOptions {
  status: string
  reason: string
  /** Path of a file that shows why; its SHA-256 is recorded, the file stays here. */
  evidence?: string | undefined
  /** Version to use instead of a superseded one. */
  successor?: string | undefined
}

/** Revokers only.
 *  @throws {UsageError} STATUS_UNKNOWN, STATUS_REASON
 *  @throws {FloeError} ACCESS_ROLE_MISSING (exit 12) */
export async function markCommit(
  dir: string,
  options: MarkChange,
): Promise<{ commit: string; status: CommitStatus; digest: string }> {
  const status = parseStatus(options.status)
  if (options.successor !== undefined && status !== 'superseded')
    throw new UsageError('STATUS_SUCCESSOR', 'only a superseded version has a successor')
  await using workspace = await openWorkspace(dir)
  const { commit, context, reader, state, place } = await open(workspace, options)
  const successor =
    options.successor === undefined ? null : await resolveRevision(await revisionSource(workspace), options.successor)
  const evidence = options.evidence === undefined ? null : sha256Hex(await readFile(options.evidence))
  const { reason } = options
  const digest = await execute(context, options, (transaction) => {
    addStatus(transaction, state.packageId, place.repository, { commit, status, reason, evidence, successor })
  })
  const after = await reader.fetchState(options)
  await remember(workspace, place.name, place.repository, await fetchCommitStatuses(reader, after, [commit], options))
  return { commit, status, digest }
}

export interface DeriveOptions extends MarkOptions {
  /** A version of this repository, or `NETWORK:OBJECT_ID@REVISION` of another one on the same network. */
  from: string
  /** E.g. `trained-on`, `filtered-from`. */
  relation: string
  /** Path of a statement about it; its SHA-256 is recorded. */
  statement?: string | undefined
}

/** Records what a commit was made from. Attesters only.
 *  @throws {UsageError} DERIVE_NETWORK, REVISION_UNKNOWN */
export async function deriveCommit(
  dir: string,
  options: DeriveOptions,
): Promise<{
  output: string
  input: { repository: string; commit: string }
  inputPush: number | null
  digest: string
}> {
  await using workspace = await openWorkspace(dir)
  const { commit, context, state, place } = await open(workspace, options)
  const input = await findInput(workspace, context, place, options)
  const statement = options.statement === undefined ? null : sha256Hex(await readFile(options.statement))
  const edge = { output: commit, ...input, relation: options.relation, statement }
  const digest = await execute(context, options, (transaction) =>
    addDerivation(transaction, state.packageId, place.repository, edge),
  )
  return { output: commit, ...input, digest }
}

/** Push records that are searched for one that brought a commit, newest first. */
const MAX_PUSHES = 10_000
const PUSHES_AT_ONCE = 200

async function findInput(
  workspace: Workspace,
  context: RemoteContext,
  place: { network: string; repository: string },
  options: DeriveOptions,
): Promise<{ input: { repository: string; commit: string }; inputPush: number | null }> {
  const elsewhere = options.from.includes(':')
  const address = elsewhere ? parseRepositoryAddress(options.from) : { ...place, revision: options.from }
  if (address.network !== place.network)
    throw new UsageError('DERIVE_NETWORK', `${address.network} is another network than ${place.network}`, {
      hints: ['Both repositories must be on one network, so that the chain can compare them'],
    })
  const reader = context.repository(address.repository)
  const state = await reader.fetchState(options)
  const revision = address.revision ?? 'main'
  const refs = await reader.fetchRefs(state, options)
  const row = refs.find(({ name }) => [revision, `heads/${revision}`, `tags/${revision}`].includes(localRefName(name)))
  const commit = elsewhere
    ? (row?.commit ?? (/^[0-9a-f]{64}$/.test(revision) ? revision : null))
    : await resolveRevision(await revisionSource(workspace), revision)
  if (commit === null)
    throw new UsageError('REVISION_UNKNOWN', `${address.repository} has no branch or tag ${revision}`, {
      data: { revision },
      hints: ['Name a branch or tag of it, or a whole commit id'],
    })
  const inputPush = row?.commit === commit ? row.push : await findPush(reader, state, commit, options)
  return { input: { repository: reader.repositoryId, commit }, inputPush }
}

async function findPush(
  reader: RepositoryReader,
  state: RepositoryState,
  commit: string,
  options: RemoteOptions,
): Promise<number | null> {
  const last = Math.max(0, state.log.size - MAX_PUSHES)
  for (let end = state.log.size; end > last; end -= PUSHES_AT_ONCE) {
    const pushes = await reader.fetchPushes(state, Math.max(last, end - PUSHES_AT_ONCE), end, options)
    const found = pushes.findLast((push) => push.new === commit)
    if (found) return found.number
  }
  return null
}

async function open(workspace: Workspace, options: MarkOptions) {
  const place = readRemote(workspace, options.remote)
  const commit = await resolveRevision(await revisionSource(workspace), options.revision ?? 'HEAD')
  const context = await openRemoteContext(place.network, options)
  const reader = context.repository(place.repository)
  return { place, commit, context, reader, state: await reader.fetchState(options) }
}

async function execute(
  context: RemoteContext,
  { signal }: RemoteOptions,
  build: Parameters<RemoteContext['ledger']['execute']>[0],
): Promise<string> {
  const signer = await context.signer()
  await ensureLocalFunds(context, signer, 0n)
  return (await context.ledger.execute(build, signer, signal ? { signal } : {})).digest
}

function parseStatus(text: string): CommitStatus {
  const status = COMMIT_STATUSES.find((name) => name === text)
  if (status) return status
  throw new UsageError('STATUS_UNKNOWN', `there is no status "${text}"`, {
    data: { status: text },
    hints: [`Statuses: ${COMMIT_STATUSES.join(', ')}`],
  })
}

/** What the remote says about a version that is about to be brought here.
 *  @throws {FloeError} COMMIT_TAKEN_DOWN unless `allow` */
export async function checkMarks(
  workspace: Workspace,
  remote: string,
  { reader, state }: { reader: RepositoryReader; state: RepositoryState },
  commit: string,
  options: { allow: boolean; signal?: AbortSignal | undefined },
): Promise<StatusRecord[]> {
  const records = await fetchCommitStatuses(reader, state, [commit], options)
  await remember(workspace, remote, reader.repositoryId, records)
  return allowedMarks(commit, records, options.allow)
}

/** The same for a version that goes where nothing is remembered.
 *  @throws {FloeError} COMMIT_TAKEN_DOWN unless `allow` */
export async function checkMarksThere(
  { reader, state }: { reader: RepositoryReader; state: RepositoryState },
  commit: string,
  options: { allow: boolean; signal?: AbortSignal | undefined },
): Promise<StatusRecord[]> {
  return allowedMarks(commit, await fetchCommitStatuses(reader, state, [commit], options), options.allow)
}

function allowedMarks(commit: string, [record]: readonly (StatusRecord | null)[], allow: boolean): StatusRecord[] {
  if (!record || record.status === 'active') return []
  if (record.status === 'takedown' && !allow)
    throw new FloeError('other', 'COMMIT_TAKEN_DOWN', `${commit} was taken down: ${record.reason}`, {
      data: { commit, reason: record.reason, by: record.by, evidence: record.evidence },
      hints: ['Use another version; whoever may have it in spite of that says so with --allow-takedown'],
    })
  return [record]
}

async function remember(
  workspace: Workspace,
  remote: string,
  repository: string,
  records: readonly (StatusRecord | null)[],
): Promise<void> {
  await rememberMarks(
    workspace,
    remote,
    repository,
    records.filter((record) => record !== null),
  )
}
