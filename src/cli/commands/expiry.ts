import { type RefExpiry, expiry as readExpiry } from '../../repo/expiry.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { networkOfPlace } from '../place.ts'
import { formatBytes, formatCount, formatTable } from '../text.ts'

export const expiry = command<NetworkFlags>({
  define: (command) =>
    addNetworkFlags(command).argument('[remote]', 'remote, or NETWORK:OBJECT_ID without a workspace'),
  async run(context, [remote], options) {
    const found = await withNetwork(context, await networkOfPlace(context, remote), options, (remoteOptions) =>
      readExpiry(context.cwd, { ...remoteOptions, remote }),
    )
    const stored = found.refs.some((ref) => ref.packs.length > 0)
    return {
      data: found,
      lines: [
        `${found.network}:${found.repository}`,
        `epoch ${found.epoch}, one lasts ${found.epochDays.toLocaleString('en-US')} days`,
        ...found.refs.flatMap((ref) => refLines(ref, found.epoch)),
      ],
      hints: stored ? ['`floe renew` extends the storage; anyone may pay for it'] : [],
    }
  },
})

function refLines(ref: RefExpiry, epoch: number): string[] {
  const rows = ref.packs.map((pack) => [
    `  pack ${pack.number}`,
    pack.kind,
    formatBytes(pack.bytes),
    endText(pack, epoch),
    pack.state === 'removal-proposed' ? 'removal is proposed' : pack.wasOver ? 'needed by older versions at most' : '',
  ])
  return [
    ref.endEpoch === null
      ? `${ref.ref}  has no packs that are stored`
      : `${ref.ref}  ${endText({ endEpoch: ref.endEpoch, endDate: ref.endDate! }, epoch)}`,
    ...formatTable(rows).map((line) => line.trimEnd()),
    ...(ref.removed.length === 0
      ? []
      : [
          `  ${formatCount(ref.removed.length, 'pack')} of earlier pushes removed (packed anew, unused, or taken down): ${ref.removed.join(', ')}`,
        ]),
    ...(ref.reusedEndEpoch === null || ref.reusedEndEpoch === ref.endEpoch
      ? []
      : [`  what it may reuse of earlier pushes ends in epoch ${ref.reusedEndEpoch}, ${ref.reusedEndDate}`]),
  ]
}

function endText({ endEpoch, endDate }: { endEpoch: number; endDate: string }, epoch: number): string {
  if (endEpoch <= epoch) return `expired in epoch ${endEpoch}`
  return `expires in epoch ${endEpoch}, ${endDate} (${formatCount(endEpoch - epoch, 'epoch')} left)`
}
