/** What `push` says of what it did: of one ref, and of several. */

import type { PushResult } from '../repo/push.ts'
import type { PushCost } from '../repo/push-cost.ts'
import type { PushedSeveral } from '../repo/push-several.ts'
import { costLines } from './cost.ts'
import { warnOfExpiry } from './expiry-warnings.ts'
import type { Output } from './output.ts'
import { formatCount } from './text.ts'

/** Of one ref. */
export function pushedLines(result: PushResult): string[] {
  const lines = result.$kind === 'up-to-date' ? [] : costLines(result.cost)
  if (result.$kind === 'up-to-date') lines.push(upToDateLine(result))
  else if (result.$kind === 'pushed') lines.push(movedLine(result), repositoryLine(result))
  return [...lines, ...promiseLines(result), ...tailLines(result)]
}

/** Of several: what all of them cost together, and where each of them is. */
export function severalLines({ pushes, standing }: PushedSeveral): string[] {
  const moved = pushes.filter(({ $kind }) => $kind !== 'up-to-date')
  const [first] = moved
  const last = moved.at(-1)
  return [
    ...(first ? costLines(moved.map(({ cost }) => cost).reduce(sumOfCosts)) : []),
    ...pushes.map((result) => (result.$kind === 'up-to-date' ? upToDateLine(result) : movedLine(result))),
    ...(standing.length > 0 ? [`${formatCount(standing.length, 'tag')} there already`] : []),
    ...(last?.$kind === 'pushed' ? [repositoryLine(last)] : []),
    ...new Set(moved.flatMap(promiseLines)),
    ...pushes.flatMap(tailLines),
  ]
}

/** What people should know although all went well. */
export function warnOfPush(output: Output, { expiring, retained }: PushResult): void {
  warnOfExpiry(output, expiring)
  if (retained?.paidEpochs !== undefined)
    output.warn(
      `${retained.path} is to be kept ${retained.epochs === null ? 'for ever' : `for ${retained.epochs} epochs`}, and storage is paid for ${retained.paidEpochs}: \`floe renew\` before they end`,
    )
}

function upToDateLine({ ref, network, repository }: PushResult): string {
  return `${ref} is up to date on ${network}:${repository}`
}

function movedLine({ $kind, ref, old, new: next, packs }: PushResult): string {
  const certified = $kind === 'pushed' ? `  ${formatCount(packs.length, 'pack')} certified` : ''
  return `${ref}  ${old?.slice(0, 12) ?? '(new)'} → ${next.slice(0, 12)}${certified}`
}

function repositoryLine({ network, repository }: PushResult): string {
  return `repository ${network}:${repository}`
}

function promiseLines({ retained }: PushResult): string[] {
  if (!retained) return []
  return [
    `promised to be kept ${retained.epochs === null ? 'for ever' : `for ${formatCount(retained.epochs, 'epoch')}`}, as .floeattributes asks for ${retained.path}`,
  ]
}

function tailLines({ tails }: PushResult): string[] {
  if (!tails || tails.finished + tails.unfinished === 0) return []
  return [
    `${formatCount(tails.finished, 'pack')} brought to slow nodes too` +
      (tails.unfinished > 0 ? `, ${tails.unfinished} still lacking on some` : ''),
  ]
}

/** They are stored for the same time. */
function sumOfCosts(a: PushCost, b: PushCost): PushCost {
  const sum = (key: 'extendFrost' | 'walFrost' | 'suiMist' | 'mainnetWalFrost') =>
    String(BigInt(a[key]) + BigInt(b[key]))
  return {
    ...b,
    newBytes: a.newBytes + b.newBytes,
    newObjects: a.newObjects + b.newObjects,
    packs: a.packs + b.packs,
    packBytes: a.packBytes + b.packBytes,
    encodedBytes: a.encodedBytes + b.encodedBytes,
    extendedPacks: a.extendedPacks + b.extendedPacks,
    extendFrost: sum('extendFrost'),
    walFrost: sum('walFrost'),
    suiMist: sum('suiMist'),
    mainnetWalFrost: sum('mainnetWalFrost'),
    mainnetEncodedBytes: a.mainnetEncodedBytes + b.mainnetEncodedBytes,
  }
}
