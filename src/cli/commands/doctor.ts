import { doctor as examine } from '../../repo/doctor.ts'
import { chosenName } from '../author.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { formatTable } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const doctor = command<NetworkFlags & { offline?: boolean }>({
  define: (command) =>
    addNetworkFlags(command)
      .option('--offline', 'ask no network')
      .addHelpText(
        'after',
        `
Looks at the runtime, the workspace, what is in progress, disk, clocks, keys, and the network of the remote. Reads only.
A local network that is not running is left alone: commands that need it start it. Exit status 1 if there is a problem.`,
      ),
  run: (context, _args, options) =>
    inWorkspace(context, async (workspace) => {
      const { homeDir, signal } = context
      const network = (await networkOfRemote(workspace)) ?? null
      const author = await chosenName(context, workspace)
      const isAsked = !options.offline && (network !== 'local' || (await isLocalRunning(homeDir)))
      const findings = await withNetwork(
        context,
        isAsked && network === 'local' ? 'local' : undefined,
        options,
        (remoteOptions) =>
          examine(workspace, {
            homeDir,
            author,
            signal,
            remote: isAsked ? { network, options: remoteOptions } : undefined,
          }),
      )
      return {
        data: { findings },
        lines: formatTable(findings.map(({ state, check, detail }) => [state, check, detail])),
        hints: findings.flatMap(({ check, advice }) => (advice ? [`${check}: ${advice}`] : [])),
        exitCode: findings.some(({ state }) => state === 'problem') ? 1 : 0,
      }
    }),
})

async function isLocalRunning(homeDir: string): Promise<boolean> {
  const { statusLocalNetwork } = await import('../../localnet/daemon.ts')
  return (await statusLocalNetwork({ dataDir: homeDir })) !== undefined
}
