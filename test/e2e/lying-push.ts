/** Pushes by hand: whatever a writer of the repository may say. */

import { createErasurePool } from '../../src/erasure/pool.ts'
import type { MissingObject } from '../../src/history/missing-objects.ts'
import type { LedgerClient } from '../../src/ledger/client.ts'
import type { SegmentRecord } from '../../src/ledger/repository-records.ts'
import type { ObjectId } from '../../src/objects/id.ts'
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
  /** Without packs: the locator segments named. */
  segments?: readonly SegmentRecord[]
  /** With packs: an object that is not what its id says; index and locator name it. */
  lie?: { id: ObjectId; bytes: Uint8Array }
  /** With packs: all that is in them, instead of what an honest push would send. */
  objects?: readonly MissingObject[]
  /** With packs: how long they are stored (default 2). */
  epochs?: number
  /** With packs: asked instead of the ledger while they are prepared. */
  through?: (ledger: LedgerClient) => LedgerClient
}

/** Moves `main` to where it is in the workspace, by the writer that the options name. */
export async function lyingPush(dir: string, repository: string, lie: Lie): Promise<void> {
  const context = await openRemoteContext('local', lie.options)
  const reader = context.repository(repository)
  const position = await readRemotePosition(reader, 'heads/main', {})
  await using workspace = await openWorkspace(dir)
  const target = await findLocalTarget(workspace, 'main')
  const sent = lie.lie || lie.objects ? await lyingPacks(context, workspace, position, target, lie) : null
  await publishPush({
    context,
    state: await context.walrus(),
    signer: await context.signer(),
    packs: sent?.packs ?? [],
    commitPack: sent ? null : BigInt(position.current!.commitPack),
    keptSegments: sent?.kept ?? lie.segments ?? [],
    reuse: NO_REUSE,
    budget: createBudget(undefined, 'PUSH_MAX_WAL', 'the push', 'none'),
    repository: { id: repository, state: position.state, openPush: null },
    ref: 'heads/main',
    expectedOld: position.current!.commit,
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
  { lie, objects, epochs = 2, through = (ledger) => ledger }: Lie,
) {
  await using pool = createErasurePool({ threads: 1 })
  const reader = context.repository(position.state.id)
  const have = [position.current!.commit as ObjectId]
  const known = await openKnown(context, reader, position, have, pool, {})
  const locator = createPushLocator({
    known: known.opened,
    live: known.live,
    swallowAll: false,
    readIndexes: async () => [],
    signal: undefined,
  })
  const honest = await findMissing(workspace, target, have, undefined)
  const journal = await createPushJournal(`${workspace.floeDir}/pushes`, 1)
  const packs = await preparePacks({
    context: { ...context, ledger: through(context.ledger) },
    state: await context.walrus(),
    signer: await context.signer(),
    coder: pool,
    read: async (kind, id, options) => (id === lie?.id ? lie.bytes : workspace.store.read(kind, id, options)),
    objects: [
      ...(lie ? [{ kind: 'chunk' as const, id: lie.id }] : []),
      ...(objects ?? honest).filter(({ id }) => id !== lie?.id),
    ],
    rawBytes: 0,
    epochs,
    budget: createBudget(undefined, 'PUSH_MAX_WAL', 'the push', 'none'),
    laterFrost: () => 0n,
    locator,
    repository: { reader, state: position.state, openPush: null },
    journal,
    paidUpTo: new Set(),
    onProgress: undefined,
    signal: undefined,
  }).finally(() => journal.close())
  return { packs, kept: locator.kept() }
}
