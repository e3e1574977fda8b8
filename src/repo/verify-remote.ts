/** `verify`: checks a remote's version against the chain and the storage nodes, and says what was proved on what evidence.
 *
 *  What the chain says is taken from one end point and called that. What lies in packs is proved by hashes: metadata
 *  against the blob id, slivers against the metadata, objects against their ids, files against their SHA-256. */

import { stat } from 'node:fs/promises'
import { UsageError } from '../base/errors.ts'
import { mapLimited } from '../base/limit.ts'
import { createSha256 } from '../crypto/hash.ts'
import { treeObjects } from '../history/missing-objects.ts'
import { parseBlobObject } from '../ledger/blob-object.ts'
import type { PackRecord, PushRecord, RefRecord } from '../ledger/repository-records.ts'
import { blobKey } from '../ledger/repository-state.ts'
import { epochStartEstimateMs } from '../ledger/system-state.ts'
import { type Commit, parseCommit } from '../objects/commit.ts'
import { walkContentMap } from '../objects/content-map.ts'
import { type ObjectId, objectKey } from '../objects/id.ts'
import { openPack, type PackReader } from '../objects/pack-reader.ts'
import { type TreeEntry, walkTree } from '../objects/tree.ts'
import { blobIdText } from '../protocol/blob-id.ts'
import {
  assertStatementSubject,
  COMMIT_PREDICATE_TYPE,
  parseStatement,
  STATEMENT_ATTACHMENT,
} from '../provenance/statement.ts'
import { openWorkspace } from '../store/workspace.ts'
import type { RemoteObjects } from '../transfer/remote-objects.ts'
import { contained } from './download.ts'
import { chainRefName, localRefName, parseRepositoryAddress, readRemote } from './remote.ts'
import { RemoteIntegrityError } from './remote-errors.ts'
import { seenPushes } from './remote-memory.ts'
import type { RemoteOptions } from './remote-options.ts'
import { isGone, openRemoteSource, type RemoteSource } from './remote-source.ts'

export interface VerifyRemoteOptions extends RemoteOptions {
  /** Read every chunk and every file to its end. */
  full?: boolean | undefined
  /** One file or folder; its bytes are read. */
  path?: string | undefined
  /** Branch or tag (default: that of the address, or the current branch, else `main`). */
  ref?: string | undefined
  /** Default: the one that the current branch follows, else `origin`, else the only one. */
  remote?: string | undefined
}

export interface VerifyCheck {
  /** What was checked, e.g. `certificates`. */
  check: string
  subject: string
  /** What the result rests on. */
  evidence: string
  detail: string
}

export interface VerifyReport {
  ok: true
  network: string
  repository: string
  ref: string
  commit: string
  full: boolean
  checks: VerifyCheck[]
  objects: number
  bytes: number
  packs: number
  /** First epoch without one of the packs. */
  endEpoch: number
  badNodes: { node: string; url: string; reason: string; lied: boolean }[]
}

const FILE_CONCURRENCY = 8
/** Refs named to whoever asks for one that is not there. */
const MAX_REFS = 20

/** @param place - a directory inside a workspace, or `NETWORK:OBJECT_ID[@REF]`
 *  @throws {FloeError} of kind integrity (exit 13) at the first mismatch, naming the object */
export async function verifyRemote(place: string, options: VerifyRemoteOptions): Promise<VerifyReport> {
  const found = await findPlace(place, options)
  await using source = await openRemoteSource(found.network, found.repository, options, found.seen)
  const row = findRef(source, options.ref ?? found.ref)
  const record = source.recordOf(row)
  const verifier = new RemoteVerifier(source, row, record, await source.objects([record]), options)
  await verifier.run()
  return {
    ok: true,
    network: found.network,
    repository: found.repository,
    ref: localRefName(row.name),
    commit: row.commit!,
    full: options.full ?? false,
    checks: verifier.checks,
    objects: verifier.objects,
    bytes: verifier.bytes,
    packs: verifier.packCount,
    endEpoch: verifier.endEpoch,
    badNodes: (await source.badNodes()).map(({ name, url, reason, lied }) => ({ node: name, url, reason, lied })),
  }
}

async function findPlace(place: string, options: VerifyRemoteOptions) {
  const isDirectory = await stat(place).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
  if (!isDirectory) {
    const { revision, ...address } = parseRepositoryAddress(place)
    return { ...address, ref: revision ?? undefined, seen: 0 }
  }
  await using workspace = await openWorkspace(place)
  const remote = readRemote(workspace, options.remote)
  const head = workspace.refs.readHead()
  return {
    ...remote,
    ref: head.$kind === 'branch' ? head.branch : undefined,
    seen: seenPushes(workspace, remote.name, remote.repository),
  }
}

function findRef(source: RemoteSource, name: string | undefined): RefRecord {
  const names = name === undefined ? ['heads/main'] : [name, `heads/${name}`, `tags/${name}`]
  for (const candidate of names) {
    const row = source.refs.find((ref) => ref.name === chainRefName(candidate))
    if (row) return row
  }
  const [only] = source.refs
  if (name === undefined && only) return only
  const known = source.refs.map((ref) => localRefName(ref.name)).sort()
  throw new UsageError(
    'REMOTE_REF_UNKNOWN',
    `the remote has no ${name === undefined ? 'refs' : `branch or tag ${name}`}`,
    {
      data: { ref: name ?? null, known },
      hints:
        known.length > 0
          ? [`It has ${known.slice(0, MAX_REFS).join(', ')}${known.length > MAX_REFS ? ', …' : ''}`]
          : [],
    },
  )
}

class RemoteVerifier {
  readonly checks: VerifyCheck[] = []
  objects = 0
  bytes = 0
  endEpoch = 0
  packCount = 0
  readonly #source: RemoteSource
  readonly #ref: RefRecord
  readonly #record: PushRecord
  readonly #remote: RemoteObjects
  readonly #options: VerifyRemoteOptions
  readonly #packs = new Map<string, Promise<PackReader>>()
  /** Blob ids that objects of the version were found in. */
  readonly #used = new Map<string, Uint8Array>()
  readonly #blame: Record<string, unknown>
  #everywhere: Promise<RemoteObjects> | undefined

  constructor(
    source: RemoteSource,
    ref: RefRecord,
    record: PushRecord,
    remote: RemoteObjects,
    options: VerifyRemoteOptions,
  ) {
    this.#source = source
    this.#ref = ref
    this.#record = record
    this.#remote = remote
    this.#options = options
    this.#blame = { ref: localRefName(ref.name), push: record.number, pusher: record.pusher }
  }

  async run(): Promise<void> {
    this.#checkChain()
    const commit = await this.#checkCommit()
    await this.#checkProvenance(commit)
    if (this.#options.path !== undefined) await this.#checkPath(commit, this.#options.path)
    else if (this.#options.full) await this.#checkFiles(commit)
    else await this.#checkContainment(commit)
    await this.#checkPacks()
  }

  #others(): Promise<RemoteObjects> {
    const source = this.#source
    this.#everywhere ??= source.objects(source.refs.map((ref) => source.recordOf(ref)))
    return this.#everywhere
  }

  get #tip(): ObjectId {
    return this.#ref.commit as ObjectId
  }

  get #rpc(): string {
    return `asserted by ${this.#source.context.ledger.rpcUrl}`
  }

  #checkChain(): void {
    const { state } = this.#source
    this.checks.push(
      {
        check: 'repository',
        subject: state.id,
        evidence: this.#rpc,
        detail: `ruled by the trusted package ${state.originalPackageId}, ${state.log.size} pushes`,
      },
      {
        check: 'ref',
        subject: localRefName(this.#ref.name),
        evidence: this.#rpc,
        detail: `at ${this.#tip}, as push ${this.#record.number} of ${this.#record.pusher} recorded`,
      },
    )
  }

  async #read(kind: Parameters<RemoteObjects['read']>[0], id: ObjectId): Promise<Uint8Array> {
    const bytes = await contained(this.#remote.read, kind, id, this.#tip, this.#blame, this.#options)
    this.objects++
    this.bytes += bytes.length
    this.#options.onProgress?.({ $kind: 'verifying', doneObjects: this.objects, totalObjects: 0 })
    return bytes
  }

  async #checkCommit(): Promise<Commit> {
    const commit = parseCommit(await this.#read('commit', this.#tip))
    await this.#noteUsed('commit', this.#tip)
    if (commit.tree !== this.#record.tree)
      throw new RemoteIntegrityError(
        'REMOTE_TREE_CLAIM',
        `push ${this.#record.number} claims tree ${this.#record.tree}, the commit has ${commit.tree}`,
        {
          data: { commit: this.#tip, tree: commit.tree, claimed: this.#record.tree, ...this.#blame },
        },
      )
    this.checks.push({
      check: 'commit',
      subject: this.#tip,
      evidence: 'SHA-256 of its bytes, read from the packs',
      detail: `tree ${commit.tree}, as the push record says`,
    })
    return commit
  }

  /** The statement kept with the commit is about it, and is the one that the chain names. */
  async #checkProvenance(commit: Commit): Promise<void> {
    const attached = commit.attachments.get(STATEMENT_ATTACHMENT) ?? null
    if (attached === null && this.#record.statement === null) return
    if (attached !== this.#record.statement)
      throw new RemoteIntegrityError(
        'STATEMENT_MISMATCH',
        `the push record names statement ${this.#record.statement}, the commit keeps ${attached}`,
        {
          data: { commit: this.#tip, recorded: this.#record.statement, attached, ...this.#blame },
        },
      )
    assertStatementSubject(parseStatement(await this.#read('attachment', attached!)), commit)
    await this.#noteUsed('attachment', attached!)
    const attestations = await this.#source.reader.fetchAttestations(this.#source.state, this.#tip, this.#options)
    const matching = attestations.filter(
      (one) => one.statement === attached && one.predicateType === COMMIT_PREDICATE_TYPE,
    )
    const who = matching.map((one) => one.attester)
    this.checks.push({
      check: 'statement',
      subject: attached!,
      evidence: `SHA-256 in the push record, ${this.#rpc}`,
      detail: `about this tree and these parents; attested by ${who.length > 0 ? who.join(', ') : 'nobody'}`,
    })
  }

  /** Every tree node and map is read; for every chunk a pack is found whose own index has it. */
  async #checkContainment(commit: Commit): Promise<void> {
    const chunks = new Set<string>()
    for await (const object of treeObjects((kind, id) => this.#read(kind, id), commit.tree, [], this.#options.signal)) {
      if (object.kind === 'chunk') chunks.add(object.id)
      await this.#noteUsed(object.kind, object.id)
    }
    this.checks.push({
      check: 'containment',
      subject: commit.tree,
      evidence: 'SHA-256 of every tree node and map; indexes of the packs for chunks',
      detail: `${this.objects} objects read, ${chunks.size} chunks located and not read (--full reads them)`,
    })
  }

  async #checkFiles(commit: Commit): Promise<void> {
    const entries: TreeEntry[] = []
    for await (const entry of walkTree((kind, id) => this.#read(kind, id), commit.tree)) entries.push(entry)
    await this.#checkEntries(entries)
    this.checks.push({
      check: 'files',
      subject: commit.tree,
      evidence: 'SHA-256 of every chunk and of every file, read from the storage nodes',
      detail: `${entries.length} files, ${entries.reduce((sum, entry) => sum + entry.bytes, 0)} bytes`,
    })
  }

  async #checkPath(commit: Commit, path: string): Promise<void> {
    const read: RemoteObjects['read'] = (kind, id) => this.#read(kind, id)
    const entries: TreeEntry[] = []
    for await (const entry of walkTree(read, commit.tree, { prefix: path.replace(/\/+$/, '') })) entries.push(entry)
    if (entries.length === 0)
      throw new UsageError('PATH_UNKNOWN', `${path} is not in ${localRefName(this.#ref.name)}`, {
        data: { path, commit: this.#tip },
      })
    await this.#checkEntries(entries)
    this.checks.push({
      check: 'path',
      subject: path,
      evidence: 'tree nodes down from the commit, SHA-256 of every chunk and file',
      detail: `${entries.length} files, ${entries.reduce((sum, entry) => sum + entry.bytes, 0)} bytes`,
    })
  }

  async #checkEntries(entries: readonly TreeEntry[]): Promise<void> {
    await mapLimited(
      entries,
      FILE_CONCURRENCY,
      async (entry) => {
        const hash = createSha256()
        for await (const chunk of walkContentMap((kind, id) => this.#read(kind, id), entry)) {
          hash.update(await this.#read('chunk', chunk.id))
          await this.#noteUsed('chunk', chunk.id)
        }
        const got = hash.digest('hex')
        if (got !== entry.fileId)
          throw new RemoteIntegrityError(
            'FILE_ID_MISMATCH',
            `${entry.path} hashes to ${got}, the tree says ${entry.fileId}`,
            {
              data: { path: entry.path, fileId: entry.fileId, got, commit: this.#tip, ...this.#blame },
            },
          )
      },
      this.#options.signal ? { signal: this.#options.signal } : {},
    )
  }

  /** Finds the pack that an object is in, by the locator's word and the pack's own index. */
  async #noteUsed(kind: Parameters<RemoteObjects['read']>[0], id: ObjectId): Promise<void> {
    let gone: unknown
    const isFound = async (remote: RemoteObjects) => {
      for await (const place of remote.locator.locate(kind, id, this.#options)) {
        const key = blobKey(place.blobId)
        let pack = this.#packs.get(key)
        if (!pack) {
          pack = this.#remote.openPack(place.blobId).then((reader) => openPack(reader, this.#options))
          this.#packs.set(key, pack)
        }
        try {
          if (!(await pack).has(kind, id)) continue
        } catch (error) {
          if (!isGone(error)) throw error
          gone = error
          continue
        }
        this.#used.set(key, place.blobId)
        return true
      }
      return false
    }
    if (await isFound(this.#remote)) return
    // What was removed may have been packed anew for another ref, as readers know.
    if (gone && (await isFound(await this.#others()))) return
    if (gone) throw gone
    throw new RemoteIntegrityError(
      'REMOTE_TIP_INCOMPLETE',
      `the remote's packs lack ${objectKey(kind, id)} of commit ${this.#tip}`,
      {
        data: { kind, id, commit: this.#tip, ...this.#blame },
        hints: ['Whoever pushed this has not pushed all of it: ask them to push again'],
      },
    )
  }

  /** Every pack used is deposited, certified on chain and paid for. */
  async #checkPacks(): Promise<void> {
    const { reader, state, context } = this.#source
    const walrus = await context.walrus()
    const blobIds = [...this.#used.values()]
    const numbers = await reader.fetchPackNumbers(state, blobIds, this.#options)
    for (const [i, number] of numbers.entries())
      if (number === null)
        throw this.#packFault('PACK_NOT_DEPOSITED', blobIds[i]!, 'is not a pack of this repository', {})
    const packs = await reader.fetchPacks(
      state,
      numbers.map((number) => number!),
      this.#options,
    )
    const objects = await context.ledger.fetchObjects(packs.map((pack) => pack.objectId))
    for (const [i, pack] of packs.entries()) this.#checkPack(pack, objects[i] ?? null, walrus.epoch)
    this.packCount = packs.length
    this.endEpoch = Math.min(...packs.map((pack) => pack.endEpoch))
    const end = new Date(epochStartEstimateMs(walrus, this.endEpoch, Date.now())).toISOString().slice(0, 10)
    this.checks.push(
      {
        check: 'blob ids',
        subject: `${packs.length} packs`,
        evidence: 'metadata hashed to the blob id, slivers hashed to the metadata',
        detail: packs
          .map((pack) => blobIdText(pack.blobId))
          .slice(0, MAX_NAMED)
          .join(' '),
      },
      {
        check: 'certificates',
        subject: `${packs.length} packs`,
        evidence: `certified blob objects held by the repository, ${this.#rpc}`,
        detail: `stored until epoch ${this.endEpoch} (${end}); it is epoch ${walrus.epoch}`,
      },
    )
  }

  #checkPack(pack: PackRecord, object: Parameters<typeof parseBlobObject>[0] | null, epoch: number): void {
    if (pack.state === 'removed')
      throw this.#packFault('PACK_REMOVED', pack.blobId, 'was removed', { pack: pack.number })
    if (!object) throw this.#packFault('PACK_OBJECT_MISSING', pack.blobId, 'has no blob object', { pack: pack.number })
    const blob = parseBlobObject(object)
    if (blobKey(blob.blobId) !== blobKey(pack.blobId) || blob.blobBytes !== pack.bytes)
      throw this.#packFault('PACK_OBJECT_FOREIGN', pack.blobId, 'is recorded with another blob object', {
        pack: pack.number,
        objectId: pack.objectId,
      })
    if (blob.certifiedEpoch === null)
      throw this.#packFault('PACK_UNCERTIFIED', pack.blobId, 'is not certified', { pack: pack.number })
    if (blob.endEpoch <= epoch)
      throw this.#packFault('PACK_EXPIRED', pack.blobId, `expired with epoch ${blob.endEpoch}`, {
        pack: pack.number,
        endEpoch: blob.endEpoch,
        epoch,
      })
  }

  #packFault(code: string, blobId: Uint8Array, what: string, data: Record<string, unknown>): RemoteIntegrityError {
    return new RemoteIntegrityError(code, `pack ${blobIdText(blobId)} ${what}`, {
      data: { blobId: blobIdText(blobId), commit: this.#tip, ...data, ...this.#blame },
    })
  }
}

/** Blob ids named in a report. */
const MAX_NAMED = 8
