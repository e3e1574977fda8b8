/** `.floe/pushes/<blob object id>.upload`: what each storage node has of a pack that is on its way, sliver by sliver, one
 *  JSON object per line. The pack's certificate takes its place in the journal of the push.
 *
 *  It is advice for the push that goes on after a break, and saves it questions: lines are written some at a time and not
 *  flushed, so a kill costs the last moment of them and a power cut perhaps all. A node that has not what is said here says
 *  so when it is asked to confirm, and a confirmation is checked before it counts. */

import * as v from 'valibot'
import { utf8 } from '../base/bytes.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { type Certificate, combineConfirmations, type SignedConfirmation } from '../protocol/certificate.ts'
import type { StorageMessage } from '../protocol/messages.ts'
import type { SliverAxis } from '../protocol/shards.ts'
import { discard, ensureDirectory } from '../store/atomic-file.ts'
import { type FileSystem, FileSystemError, isErrno, type OpenFile } from '../store/file-system.ts'
import { nodeFs } from '../store/node-fs.ts'

/** What a node has of a blob, as far as is written down. */
export interface NodeHolding {
  /** Pairs whose sliver on that axis it has taken. */
  readonly primary: ReadonlySet<number>
  readonly secondary: ReadonlySet<number>
  /** The last one that it gave: its epoch may be over. */
  readonly confirmation: SignedConfirmation | null
}

export interface UploadJournal {
  /** By node id, when the journal was opened. */
  readonly held: ReadonlyMap<string, NodeHolding>
  stored(nodeId: string, pair: number, axis: SliverAxis): void
  confirmed(nodeId: string, confirmation: SignedConfirmation): void
  /** Writes what is not written yet. May be called twice. */
  close(): void
}

/** Some fifty times what an upload to a thousand shards writes. Of a longer file nothing is believed. */
const MAX_UPLOAD_JOURNAL_BYTES = 16 * 1024 * 1024
/** What a kill costs at most: slivers of so long are asked for, or sent once more. */
const WRITE_EVERY_MS = 100

const pairsSchema = v.array(v.pipe(v.number(), v.integer(), v.minValue(0)))
const bytesSchema = v.pipe(v.string(), v.base64())
const lineSchema = v.variant('$kind', [
  v.object({ $kind: v.literal('stored'), node: v.string(), primary: pairsSchema, secondary: pairsSchema }),
  v.object({ $kind: v.literal('confirmed'), node: v.string(), message: bytesSchema, signature: bytesSchema }),
])
type Line = v.InferOutput<typeof lineSchema>

interface Holding {
  primary: Set<number>
  secondary: Set<number>
  confirmation: SignedConfirmation | null
}

/** @param dir - `.floe/pushes`
 *  @param objectId - of the registered blob */
export async function openUploadJournal(
  dir: string,
  objectId: string,
  fs: FileSystem = nodeFs,
): Promise<UploadJournal> {
  await ensureDirectory(fs, dir)
  const path = uploadJournalPath(dir, objectId)
  const pending = new Map<string, Record<SliverAxis, number[]>>()
  let confirmations: Line[] = []
  let file: OpenFile | null | undefined
  let timer: NodeJS.Timeout | undefined

  function write(): void {
    timer = undefined
    const lines: Line[] = [...pending].map(([node, pairs]) => ({ $kind: 'stored', node, ...pairs }))
    lines.push(...confirmations)
    pending.clear()
    confirmations = []
    if (lines.length === 0 || file === null) return
    try {
      file ??= fs.open(path, 'append', { private: true })
      // Each begins a line: the last one may have been torn.
      file.write(utf8(lines.map((line) => `\n${JSON.stringify(line)}`).join('')))
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error
      // A push does not fail for want of advice to the next.
      file?.close()
      file = null
    }
  }
  const later = () => {
    timer ??= setTimeout(write, WRITE_EVERY_MS)
  }

  const held = readUploadJournal(dir, objectId, fs)
  // Of a file that is damaged or too long nothing is left to go on with.
  if (held.size === 0) discard(fs, path)
  return {
    held,
    stored(nodeId, pair, axis) {
      const pairs = pending.get(nodeId) ?? { primary: [], secondary: [] }
      pending.set(nodeId, pairs)
      pairs[axis].push(pair)
      later()
    },
    confirmed(node, confirmation) {
      const [message, signature] = [confirmation.message, confirmation.signature].map((bytes) =>
        Buffer.from(bytes).toString('base64'),
      )
      confirmations.push({ $kind: 'confirmed', node, message: message!, signature: signature! })
      later()
    },
    close() {
      clearTimeout(timer)
      write()
      file?.close()
      file = null
    },
  }
}

/** By node id; lines that are not whole are left out. */
export function readUploadJournal(
  dir: string,
  objectId: string,
  fs: FileSystem = nodeFs,
): ReadonlyMap<string, NodeHolding> {
  const held = new Map<string, Holding>()
  for (const text of readText(fs, uploadJournalPath(dir, objectId)).split('\n')) {
    const line = parseLine(text)
    if (!line) continue
    const holding = held.get(line.node) ?? { primary: new Set(), secondary: new Set(), confirmation: null }
    held.set(line.node, holding)
    if (line.$kind === 'stored') {
      for (const pair of line.primary) holding.primary.add(pair)
      for (const pair of line.secondary) holding.secondary.add(pair)
    } else {
      const [message, signature] = [line.message, line.signature].map((base64) => Buffer.from(base64, 'base64'))
      holding.confirmation = { message: message!, signature: signature! }
    }
  }
  return held
}

/** Confirmations written down that count now, by position in the committee, and the certificate where they are enough. */
export function heldConfirmations(
  held: UploadJournal['held'],
  { nodes, committee }: WalrusState,
  expected: StorageMessage,
): { confirmations: Map<number, SignedConfirmation>; certificate?: Certificate } {
  const confirmations = new Map<number, SignedConfirmation>()
  for (const [position, { nodeId }] of nodes.entries()) {
    const confirmation = held.get(nodeId)?.confirmation
    if (confirmation) confirmations.set(position, confirmation)
  }
  const { certificate, refused } = combineConfirmations(committee, expected, confirmations)
  for (const position of refused.keys()) confirmations.delete(position)
  return certificate ? { confirmations, certificate } : { confirmations }
}

/** The pack has a certificate, or is given up. */
export function forgetUpload(dir: string, objectId: string, fs: FileSystem = nodeFs): void {
  discard(fs, uploadJournalPath(dir, objectId))
}

/** Drops what no journal of a push needs any more.
 *  @param needed - object ids of blobs that are registered and not uploaded */
export function forgetUploads(dir: string, needed: ReadonlySet<string>, fs: FileSystem = nodeFs): void {
  for (const { name } of entriesOf(fs, dir)) {
    const text = Buffer.from(name).toString('latin1')
    if (text.endsWith(SUFFIX) && !needed.has(text.slice(0, -SUFFIX.length))) discard(fs, `${dir}/${text}`)
  }
}

const SUFFIX = '.upload'

function uploadJournalPath(dir: string, objectId: string): string {
  return `${dir}/${objectId}${SUFFIX}`
}

function parseLine(text: string): Line | null {
  try {
    return v.parse(lineSchema, JSON.parse(text))
  } catch {
    return null
  }
}

function readText(fs: FileSystem, path: string): string {
  try {
    return new TextDecoder().decode(fs.readFile(path, MAX_UPLOAD_JOURNAL_BYTES))
  } catch (error) {
    if (error instanceof FileSystemError) return ''
    throw error
  }
}

function entriesOf(fs: FileSystem, dir: string): ReturnType<FileSystem['readDirectory']> {
  try {
    return fs.readDirectory(dir)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
