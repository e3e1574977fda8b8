/** Lies of a writer about what the packs of a repository hold, drawn from a seed and told by hand. */

import { createRng, type Rng } from '../../src/base/rng.ts'
import type { MissingObject } from '../../src/history/missing-objects.ts'
import type { SegmentRecord } from '../../src/ledger/repository-records.ts'
import { createPackWriter } from '../../src/objects/pack-writer.ts'
import { findLocalTarget, findMissing, type RemotePosition, readRemotePosition } from '../../src/repo/push-target.ts'
import { openRemoteContext, type RemoteContext } from '../../src/repo/remote-context.ts'
import type { RemoteOptions } from '../../src/repo/remote-options.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { noise } from '../e2e/local-world.ts'
import { type Claim, type Lie, lyingPush } from '../e2e/lying-push.ts'

const SENT = ['nothing', 'some', 'all'] as const
const FORGED = [null, null, 'other', 'cut', 'swapped'] as const
const CLAIMS = ['true', 'true', 'instead', 'besides'] as const
const SEGMENTS = ['kept', 'kept', 'none', 'random', 'older'] as const

export interface DrawnLie {
  /** Of the objects that an honest push would send. */
  sent: (typeof SENT)[number]
  /** The commit object is sent in any case. */
  withCommit: boolean
  /** An object that an honest writer will want to push is in a pack, and is not what its id says: `other` bytes, `cut` short,
   *  or those of another object (`swapped`). */
  forged: (typeof FORGED)[number]
  /** What the new segment says: the truth, or that objects an honest writer will want to push are where they are not. */
  claims: (typeof CLAIMS)[number]
  /** Segments that are named besides: those that an honest push would keep, none, any bytes of a pack, those of long ago. */
  segments: (typeof SEGMENTS)[number]
  /** For what is drawn once the objects are known. */
  seed: number
}

export function drawLie(rng: Rng): DrawnLie {
  const pick = <T>(from: readonly T[]): T => from[rng.below(from.length)]!
  return {
    sent: pick(SENT),
    withCommit: rng.below(2) === 0,
    forged: pick(FORGED),
    claims: pick(CLAIMS),
    segments: pick(SEGMENTS),
    seed: rng.nextU32(),
  }
}

/** An object that an honest writer will want to push. */
export interface Coming {
  object: MissingObject
  bytes: Uint8Array
}

export interface Telling {
  options: RemoteOptions
  repository: string
  /** Of the liar, and the branch there that has the commit to be named. */
  dir: string
  branch: string
  /** The branch of the remote that is to name it, as `heads/main`. */
  ref: string
  coming: readonly Coming[]
}

export async function tellLie(lie: DrawnLie, telling: Telling): Promise<void> {
  const { options, repository, dir, branch, ref, coming } = telling
  const rng = createRng(lie.seed)
  const context = await openRemoteContext('local', options)
  const position = await readRemotePosition(context.repository(repository), ref, {})
  const segments = await segmentsOf(lie, context, repository, position, rng)
  const objects = await sentBy(lie, dir, branch, rng)
  const forged = forge(lie, coming, rng)
  const told: Lie = { options, ref, branch }
  if (objects.length === 0 && !forged) {
    const { refs, pushes } = position
    const standing = () => pushes.get((position.current ?? refs[0]!).push)!.segments
    return lyingPush(dir, repository, { ...told, segments: segments ?? standing() })
  }
  const claims = async (fresh: readonly Claim[]) => {
    const false_ = await falseClaims(coming, await blobsOf(context, repository), fresh, rng)
    return lie.claims === 'instead' ? false_ : [...fresh, ...false_]
  }
  await lyingPush(dir, repository, {
    ...told,
    objects,
    ...(segments ? { segments } : {}),
    ...(forged ? { lie: forged } : {}),
    ...(lie.claims === 'true' ? {} : { claims }),
  })
}

/** @returns undefined: what an honest push would keep */
async function segmentsOf(
  { segments }: DrawnLie,
  context: RemoteContext,
  repository: string,
  { state }: RemotePosition,
  rng: Rng,
): Promise<SegmentRecord[] | undefined> {
  if (segments === 'kept') return undefined
  if (segments === 'none') return []
  const reader = context.repository(repository)
  const numbers = Array.from({ length: state.packs.size }, (_, i) => i)
  const metas = (await reader.fetchPacks(state, numbers)).filter(
    (pack) => pack.kind === 'meta' && pack.state === 'live',
  )
  if (segments === 'older') {
    const [first] = await reader.fetchPushes(state, 0, 1)
    // The ledger takes none that stands in a pack which is to go.
    return first!.segments.filter(({ pack }) => metas.some(({ number }) => number === pack))
  }
  const { number, bytes } = metas[rng.below(metas.length)]!
  const offset = rng.below(bytes - 1)
  return [{ pack: number, offset, bytes: 1 + rng.below(bytes - offset) }]
}

async function sentBy({ sent, withCommit }: DrawnLie, dir: string, branch: string, rng: Rng): Promise<MissingObject[]> {
  await using workspace = await openWorkspace(dir)
  const have = [workspace.refs.read('remotes/origin/main')!]
  const all = await findMissing(workspace, await findLocalTarget(workspace, branch), have, undefined)
  const share = sent === 'all' ? 4 : sent === 'some' ? 1 + rng.below(3) : 0
  return all.filter(({ kind }) => rng.below(4) < share || (kind === 'commit' && withCommit))
}

function forge({ forged }: DrawnLie, coming: readonly Coming[], rng: Rng): Lie['lie'] {
  if (forged === null) return undefined
  const { object, bytes } = coming[rng.below(coming.length)]!
  const { kind, id } = object
  const others = coming.filter((other) => other.object.kind === kind && other.object.id !== id)
  if (forged === 'swapped' && others.length > 0) return { kind, id, bytes: others[rng.below(others.length)]!.bytes }
  if (forged === 'cut' && bytes.length > 1)
    return { kind, id, bytes: bytes.subarray(0, 1 + rng.below(bytes.length - 1)) }
  return { kind, id, bytes: noise(bytes.length, rng.nextU32()) }
}

/** That objects to come are in some pack, where others are, or in none that there is. */
async function falseClaims(
  coming: readonly Coming[],
  blobIds: readonly Uint8Array[],
  fresh: readonly Claim[],
  rng: Rng,
): Promise<Claim[]> {
  const places = [...blobIds, ...fresh.map(({ blobId }) => blobId), noise(32, rng.nextU32())]
  const claims: Claim[] = []
  for (const kind of ['data', 'meta'] as const) {
    const writer = createPackWriter({ kind, write: () => undefined })
    for (const { object, bytes } of coming)
      if ((object.kind === 'chunk') === (kind === 'data') && rng.below(4) > 0)
        await writer.add(object.kind, object.id, rng.below(2) === 0 ? bytes : noise(bytes.length, rng.nextU32()))
    if (writer.objectCount === 0) continue
    const { index } = await writer.finish()
    claims.push({ index, blobId: places[rng.below(places.length)]! })
  }
  return claims
}

async function blobsOf(context: RemoteContext, repository: string): Promise<Uint8Array[]> {
  const reader = context.repository(repository)
  const state = await reader.fetchState()
  const numbers = Array.from({ length: state.packs.size }, (_, i) => i)
  return (await reader.fetchPacks(state, numbers)).map(({ blobId }) => blobId)
}
