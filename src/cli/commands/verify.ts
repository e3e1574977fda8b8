import { workspacePath } from '../../repo/paths.ts'
import { verifyLocal } from '../../repo/verify-local.ts'
import { verifyRemote } from '../../repo/verify-remote.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfAddress, networkOfRemote, withNetwork } from '../network.ts'
import { withProgress } from '../progress.ts'
import { formatBytes, formatCount } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  local?: boolean
  full?: boolean
  path?: string
  ref?: string
}

export const verify = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument(
        '[repository]',
        'NETWORK:OBJECT_ID, with @REF for a branch or tag; none means the remote of this workspace',
      )
      .option('--local', 'check the objects in this workspace only; no network')
      .option('--full', 'read and check every chunk')
      .option('--path <path>', 'check one file or folder')
      .option('--ref <name>', 'branch or tag (default: that of the address, or the current branch)')
      .addHelpText('after', '\nAny mismatch ends with exit status 13 and names the object.'),
  async run(context, [address], options) {
    if (options.local)
      return inWorkspace(context, async (workspace) => {
        const report = await withProgress(context, 'verify', (onProgress) =>
          verifyLocal(workspace, { full: options.full, signal: context.signal, onProgress }),
        )
        return {
          data: report,
          lines: [
            ...report.checks.map(checkLine),
            `Local objects are whole: ${formatCount(report.objects, 'object')}, ${formatBytes(report.bytes)} in ${formatCount(report.packs, 'pack')}` +
              (report.full ? ', every byte read' : ''),
          ],
          hints: report.full ? [] : ['`floe verify --local --full` reads every byte'],
        }
      })
    const check = (target: string, network: string | undefined, path: string | undefined) =>
      withProgress(context, 'verify', (onProgress) =>
        withNetwork(
          context,
          network,
          options,
          (remoteOptions) => verifyRemote(target, { ...remoteOptions, full: options.full, path, ref: options.ref }),
          onProgress,
        ),
      )
    const report =
      address !== undefined
        ? await check(address, networkOfAddress(address), options.path)
        : await inWorkspace(context, async (workspace) =>
            check(
              workspace.root,
              await networkOfRemote(workspace),
              options.path === undefined ? undefined : workspacePath(workspace, context.cwd, options.path),
            ),
          )
    return { data: report, lines: [...report.checks.map(checkLine), 'Verified: nothing contradicts the records'] }
  },
})

function checkLine(check: { check: string; subject: string; evidence?: string; detail?: string }): string {
  const detail = check.detail ? `: ${check.detail}` : ''
  return `ok  ${check.check}  ${check.subject}${detail}${check.evidence ? `  [${check.evidence}]` : ''}`
}
