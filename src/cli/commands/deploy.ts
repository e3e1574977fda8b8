import { DEFAULT_UPGRADE_DELAY_DAYS, type DeployResult, deployFloe } from '../../repo/deploy.ts'
import { defaultNetwork } from '../../repo/network-use.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, withNetwork } from '../network.ts'
import { formatBytes, formatCount, formatToken } from '../text.ts'

interface Options extends NetworkFlags {
  network?: string
  upgradeDelay?: string
  immutable?: boolean
  again?: boolean
  keepDefault?: boolean
  dryRun?: boolean
  maxSui?: string
  yes?: boolean
}

export const deploy = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--network <name>', 'network to publish on (default: where new repositories go)')
      .option(
        '--upgrade-delay <days>',
        'time between the proposal of an upgrade and the upgrade',
        String(DEFAULT_UPGRADE_DELAY_DAYS),
      )
      .option('--immutable', 'give up upgrades for good')
      .option('--again', 'publish a copy although a trusted package has the same code')
      .option('--keep-default', 'trust it, but create new repositories with the package used so far')
      .option('-n, --dry-run', 'only print what it would cost')
      .option('--max-sui <amount>', 'refuse to spend more SUI than this; the transaction enforces it')
      .option('-y, --yes', 'spend the SUI; needed outside the local network')
      .addHelpText(
        'after',
        `
Publishes the floe package as this version of Floe has it, linked to the network's Walrus and WAL, and trusts it from
then on. The right to upgrade is locked up at once: each upgrade has to be proposed in public and waits for the delay.
An interrupted run is continued by the next one.`,
      ),
  async run(context, _args, options) {
    const network = options.network ?? defaultNetwork(context.homeDir)
    const result = await withNetwork(context, network, options, (remoteOptions) =>
      deployFloe({
        ...remoteOptions,
        network,
        upgradeDelayDays: daysOf(options.upgradeDelay),
        immutable: options.immutable,
        again: options.again,
        keepDefault: options.keepDefault,
        dryRun: options.dryRun,
        maxSui: options.maxSui,
        yes: options.yes,
      }),
    )
    return { data: result, lines: linesOf(result), hints: hintsOf(result) }
  },
})

function linesOf(result: DeployResult): string[] {
  const gas = formatToken(result.gasMist, 'SUI')
  if (result.$kind === 'dry-run')
    return [
      `${formatCount(result.modules, 'module')}, ${formatBytes(result.bytes)}, published by ${result.publisher}`,
      `costs about ${gas} on ${result.network}`,
    ]
  const { packageId, upgrades } = result.deployment
  return [
    `package ${packageId} on ${result.network}`,
    upgrades.$kind === 'delayed'
      ? `upgrades wait ${upgrades.delayMs / 86_400_000} days after their proposal: policy ${upgrades.policyId}`
      : 'upgrades are given up for good',
    `paid ${gas}`,
  ]
}

function hintsOf(result: DeployResult): string[] {
  if (result.$kind === 'dry-run') return []
  const { packageId, isDefault } = result.deployment
  return [
    ...(isDefault ? ['new repositories on this network are created with it'] : []),
    `others trust its repositories with --trust-package ${packageId}, or in a network profile of theirs`,
  ]
}

/** What is no number is out of range there. */
function daysOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
}
