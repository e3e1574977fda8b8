/** Pushes by hand: whatever a writer of the repository may say. */

import { createErasurePool } from '../../src/erasure/pool.ts'
import type { MissingObject } from '../../src/history/missing-objects.ts'
import type { LedgerClient } from '../../src/ledger/client.ts'
import type { SegmentRecord } from '../../src/ledger/repository-records.ts'
import type { ObjectId, ObjectKind } from '../../src/objects/id.ts'
import type { PackIndex } from '../../src/objects/pack-index.ts'
import { openKnown } from '../../src/repo/push-known.ts'
import { createPushLocator } from '../../src/repo/push-locator.ts'
import { preparePacks } from '../../src/repo/push-packs.ts'
import { NO_REUSE } from '../../src/repo/push-reuse.ts'
import {
  findLocalTarget,
  findMissing,
  type LocalTarget,
  type RemotePosition,
  readRemotePosition,
} from '../../src/repo/push-target.ts'
import { publishPush } from '../../src/repo/push-transaction.ts'
import { openRemoteContext, type RemoteContext } from '../../src/repo/remote-context.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { createBudget } from '../../src/repo/spending.ts'
import { openWorkspace, type Workspace } from '../../src/store/workspace.ts'
import { createPushJournal } from '../../src/transfer/push-journal.ts'

export interface Lie {
  options: RemoteOptions
  /** What is moved there, or made (default `heads/main`). */
  ref?: string
  /** Of the workspace, where it is moved to (default `main`). */
  branch?: string
  /** The locator segments named. With packs: beside that of the push, instead of those an honest one would keep. */
  segments?: readonly SegmentRecord[]
  /** With packs: an object (default a chunk) that is not what its id says; index and locator name it. */
  lie?: { kind?: ObjectKind; id: ObjectId; bytes: Uint8Array }
  /** With packs: what the new segment says of them, and of others, instead of what is true. */
  claims?: (fresh: readonly Claim[]) => Promise<readonly Claim[]>
  /** With packs: all that is in them, instead of what an honest push would send. */
  objects?: readonly MissingObject[]
  /** With packs: how long they are stored (default 2). */
  epochs?: number
  /** With packs: asked instead of the ledger while they are prepared. */
  through?: (ledger: LedgerClient) => LedgerClient
}

/** Objects, and the blob that they are said to be in. */
export interface Claim {
  index: PackIndex
  blobId: Uint8Array
}

/** Moves a branch to where one is in the workspace, by the writer that the options name. */
export async function lyingPush(dir: string, repository: string, lie: Lie): Promise<void> {
  const context = await openRemoteContext('local', lie.options)
  const reader = context.repository(repository)
  const ref = lie.ref ?? 'heads/main'
  const position = await readRemotePosition(reader, ref, {})
  await using workspace = await openWorkspace(dir)
  const target = await findLocalTarget(workspace, lie.branch ?? 'main')
  const sent = lie.lie || lie.objects ? await lyingPacks(context, workspace, position, target, lie) : null
  await publishPush({
    context,
    state: await context.walrus(),
    signer: await context.signer(),
    packs: sent?.packs ?? [],
    // Asked for where the packs sent do not hold the commit.
    commitPack: BigInt(builtOn(position).commitPack),
    keptSegments: lie.segments ?? sent?.kept ?? [],
    reuse: NO_REUSE,
    budget: createBudget(undefined, 'PUSH_MAX_WAL', 'the push', 'none'),
    repository: { id: repository, state: position.state, openPush: null },
    ref,
    expectedOld: position.current?.commit ?? null,
    commit: target.commit,
    tree: target.record.tree,
    statement: null,
    forced: false,
    retainUntilMs: 0,
    onCreated: async () => undefined,
    signal: undefined,
  })
}

async function lyingPacks(
  context: RemoteContext,
  workspace: Workspace,
  position: RemotePosition,
  target: LocalTarget,
  { lie, objects, claims, epochs = 2, through = (ledger) => ledger }: Lie,
) {
  await using pool = createErasurePool({ threads: 1 })
  const reader = context.repository(position.state.id)
  const have = [builtOn(position).commit as ObjectId]
  const known = await openKnown(context, reader, position, have, pool, {})
  const locator = createPushLocator({
    known: known.opened,
    live: known.live,
    swallowAll: false,
    readIndexes: async () => [],
    signal: undefined,
  })
  const sent = objects ?? (await findMissing(workspace, target, have, undefined))
  const journal = await createPushJournal(`${workspace.floeDir}/pushes`, 1)
  const packs = await preparePacks({
    context: { ...context, ledger: through(context.ledger) },
    state: await context.walrus(),
    signer: await context.signer(),
    coder: pool,
    read: async (kind, id, options) => (id === lie?.id ? lie.bytes : workspace.store.read(kind, id, options)),
    objects: [
      ...(lie ? [{ kind: lie.kind ?? ('chunk' as const), id: lie.id }] : []),
      ...sent.filter(({ id }) => id !== lie?.id),
    ],
    rawBytes: 0,
    epochs,
    budget: createBudget(undefined, 'PUSH_MAX_WAL', 'the push', 'none'),
    laterFrost: () => 0n,
    locator: claims
      ? {
          ...locator,
          write: async function* (fresh, own) {
            yield* locator.write(await claims(fresh), own)
          },
        }
      : locator,
    repository: { reader, state: position.state, openPush: null },
    journal,
    paidUpTo: new Set(),
    onProgress: undefined,
    signal: undefined,
  }).finally(() => journal.close())
  return { packs, kept: locator.kept() }
}

/** The ref that is moved, or another one where it is made. */
function builtOn({ current, refs }: RemotePosition) {
  return current ?? refs[0]!
}
