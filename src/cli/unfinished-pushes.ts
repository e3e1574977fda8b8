/** Pushes that were interrupted, as `push --status`, `push --abort` and `push --dry-run` speak of them. */

import type { AbortedPushes, UnfinishedPack, UnfinishedPush } from '../repo/push-abort.ts'
import { formatBytes, formatCount } from './text.ts'
import { floeCommand } from './undo.ts'

export function statusLines(pushes: readonly UnfinishedPush[]): string[] {
  if (pushes.length === 0) return ['no push is unfinished']
  return pushes.flatMap(({ ref, commit, network, startedMs, packs }) => [
    `${ref}  ${commit.slice(0, 12)} → ${network}, begun ${new Date(startedMs).toISOString()}`,
    ...packs.map(
      (pack) => `  ${pack.blobId}  ${pack.kind}  ${formatBytes(pack.bytes)}  ${pack.state}${sentText(pack)}`,
    ),
  ])
}

function sentText({ sent }: UnfinishedPack): string {
  if (!sent) return ''
  const confirmed = sent.confirmed > 0 ? `, ${formatCount(sent.confirmed, 'node')} confirmed` : ''
  return `; ${formatCount(sent.slivers, 'sliver')} at ${formatCount(sent.nodes, 'node')}${confirmed}`
}

/** What to type: one that was to make its repository has to be told its name again. */
export function statusHints(pushes: readonly UnfinishedPush[]): string[] {
  if (pushes.length === 0) return []
  const onward = pushes.map(({ repository, ref, creating }) =>
    floeCommand(
      'push',
      ...(repository === null ? ['--create', creating ?? 'NAME'] : []),
      ref.replace(/^(heads|tags)\//, ''),
    ),
  )
  return [
    `${[...new Set(onward)].map((text) => `\`${text}\``).join(', ')} goes on; what is paid for and still fits is used again`,
    '`floe push --abort` gives them up and releases their storage',
  ]
}

export function abortedLines({ pushes, blobs }: AbortedPushes): string[] {
  if (pushes === 0) return ['no push is unfinished']
  return [
    `${formatCount(pushes, 'push', 'pushes')} given up; ${blobs.length === 0 ? 'nothing had been paid for' : `${formatCount(blobs.length, 'blob')} deleted, their storage is yours again and the next push uses it`}`,
    ...blobs.map((blob) => `  ${blob.blobId}  ${formatBytes(blob.bytes)}`),
  ]
}

/** What a price does not know of: packs that earlier attempts have paid for already. */
export function paidHints(
  pushes: readonly UnfinishedPush[],
  planned: { network: string; repository: string; ref: string; new: string },
): string[] {
  const about = pushes.filter(
    ({ network, ref, repository }) =>
      network === planned.network && ref === planned.ref && (repository ?? planned.repository) === planned.repository,
  )
  const paid = (attempts: readonly UnfinishedPush[]) => {
    const packs = new Map(attempts.flatMap((push) => push.packs.filter(isPaid).map((pack) => [pack.blobId, pack])))
    const bytes = [...packs.values()].reduce((sum, pack) => sum + pack.bytes, 0)
    return packs.size === 0 ? undefined : `${formatCount(packs.size, 'pack')} (${formatBytes(bytes)})`
  }
  const same = paid(about.filter(({ commit }) => commit === planned.new))
  const other = paid(about.filter(({ commit }) => commit !== planned.new))
  return [
    ...(same ? [`an attempt at this push has paid for ${same}: what it uses of them is not paid again`] : []),
    ...(other
      ? [
          `an attempt to push another version has paid for ${other}; what this push does not use of them \`floe push --abort\` releases`,
        ]
      : []),
  ]
}

function isPaid({ state }: UnfinishedPack): boolean {
  return state !== 'encoded'
}
