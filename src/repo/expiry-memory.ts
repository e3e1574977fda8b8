/** What this workspace remembers of when its remotes' refs lose their data, so that `status` can warn without asking
 *  anyone. Written by whatever has just read it from the chain; losing it loses a warning, nothing else.
 *
 *  `.floe/expiry/<remote>.json`: epochs, and which day the epoch of then began, from which today's is estimated. */

import * as v from 'valibot'
import { fromUtf8, utf8 } from '../base/bytes.ts'
import type { PackRecord } from '../ledger/repository-records.ts'
import type { WalrusState } from '../ledger/system-state.ts'
import { ensureDirectory, replaceFile } from '../store/atomic-file.ts'
import type { Workspace } from '../store/workspace.ts'
import { remoteFile } from './remote-files.ts'

/** A warning is due when fewer epochs remain. */
export const WARN_BELOW_EPOCHS = 3

export interface ExpiryWarning {
  remote: string
  /** `heads/main` */
  ref: string
  /** First epoch in which something that the ref needs is gone. */
  endEpoch: number
  /** When that epoch begins, as far as can be told: `2026-12-24`. */
  endDate: string
  /** 0: expired. */
  epochsLeft: number
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const text = v.pipe(v.string(), v.maxLength(256))
const memorySchema = v.object({
  network: text,
  repository: text,
  epoch: count,
  epochStartMs: count,
  epochDurationMs: v.pipe(count, v.minValue(1)),
  refs: v.pipe(v.array(v.object({ ref: text, endEpoch: count })), v.maxLength(1_000)),
})

export type ExpiryMemory = v.InferOutput<typeof memorySchema>

/** Refs remembered for a remote, those read last. */
const MAX_REFS = 100
const MAX_BYTES = 512 * 1024

/** `null` if nothing is remembered, or nothing that can be read. */
export function readExpiryMemory(workspace: Workspace, remote: string): ExpiryMemory | null {
  try {
    const bytes = workspace.fs.readFile(remoteFile(workspace, 'expiry', remote), MAX_BYTES)
    return v.parse(memorySchema, JSON.parse(fromUtf8(bytes)))
  } catch {
    return null
  }
}

export interface ExpiryFacts {
  remote: string
  network: string
  repository: string
  walrus: Pick<WalrusState, 'epoch' | 'epochStartMs' | 'epochDurationMs'>
  refs: readonly { ref: string; endEpoch: number }[]
}

/** Takes the workspace lock. What was known of other refs stays. */
export async function rememberExpiry(workspace: Workspace, facts: ExpiryFacts): Promise<void> {
  if (facts.refs.length === 0) return
  const { remote, network, repository, walrus } = facts
  await workspace.withLock('expiry', async () => {
    const before = readExpiryMemory(workspace, remote)
    const named = new Set(facts.refs.map(({ ref }) => ref))
    const kept = before?.repository === repository ? before.refs.filter(({ ref }) => !named.has(ref)) : []
    const memory: ExpiryMemory = {
      network,
      repository,
      epoch: walrus.epoch,
      epochStartMs: Math.trunc(walrus.epochStartMs ?? workspace.clock.now()),
      epochDurationMs: walrus.epochDurationMs,
      refs: [...facts.refs.map(({ ref, endEpoch }) => ({ ref, endEpoch })), ...kept].slice(0, MAX_REFS),
    }
    await ensureDirectory(workspace.fs, `${workspace.floeDir}/expiry`)
    const content = utf8(`${JSON.stringify(memory)}\n`)
    await replaceFile(workspace.fs, remoteFile(workspace, 'expiry', remote), [content], { tmpDir: workspace.tmpDir })
  })
}

/** After a renewal: nothing that was stored ends before `endEpoch` any more. */
export async function rememberRenewal(
  workspace: Workspace,
  facts: Omit<ExpiryFacts, 'refs'> & { endEpoch: number },
): Promise<void> {
  const before = readExpiryMemory(workspace, facts.remote)
  if (before?.repository !== facts.repository) return
  const refs = before.refs.map(({ ref, endEpoch }) => ({
    ref,
    endEpoch: endEpoch > facts.walrus.epoch ? Math.max(endEpoch, facts.endEpoch) : endEpoch,
  }))
  await rememberExpiry(workspace, { ...facts, refs })
}

/** What is remembered to end soon, over all remotes, earliest first. Nothing is asked of a network. */
export function expiryWarnings(workspace: Workspace, nowMs: number): ExpiryWarning[] {
  return Object.keys(workspace.readConfig().remotes ?? {})
    .flatMap((remote) => {
      const memory = readExpiryMemory(workspace, remote)
      return memory ? warningsOf(remote, memory, nowMs) : []
    })
    .sort((a, b) => a.epochsLeft - b.epochsLeft || (a.ref < b.ref ? -1 : 1))
}

/** @param nowMs - epochs go by with the clock, also those that nobody looked at */
export function warningsOf(
  remote: string,
  memory: Pick<ExpiryMemory, 'epoch' | 'epochStartMs' | 'epochDurationMs' | 'refs'>,
  nowMs: number,
): ExpiryWarning[] {
  const passed = Math.max(0, Math.floor((nowMs - memory.epochStartMs) / memory.epochDurationMs))
  const epoch = memory.epoch + passed
  return memory.refs
    .filter(({ endEpoch }) => endEpoch - epoch < WARN_BELOW_EPOCHS)
    .map(({ ref, endEpoch }) => ({
      remote,
      ref,
      endEpoch,
      endDate: dayOf(memory.epochStartMs + (endEpoch - memory.epoch) * memory.epochDurationMs),
      epochsLeft: Math.max(0, endEpoch - epoch),
    }))
}

/** First epoch in which one of the packs is gone; removed ones and those that are to go do not count: what a ref needs
 *  has been packed anew before. `null` without packs. */
export function earliestEnd(packs: readonly Pick<PackRecord, 'endEpoch' | 'state'>[]): number | null {
  let earliest: number | null = null
  for (const { state, endEpoch } of packs)
    if (state === 'live' && (earliest === null || endEpoch < earliest)) earliest = endEpoch
  return earliest
}

function dayOf(timeMs: number): string {
  const latest = 8.64e15
  return new Date(Math.min(Math.max(timeMs, -latest), latest)).toISOString().slice(0, 10)
}
