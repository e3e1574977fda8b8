import { resolve } from 'node:path'
import { verifyBundle } from '../../../repo/bundle.ts'
import { nodeFs } from '../../../store/node-fs.ts'
import { command } from '../../command.ts'
import { formatBytes, formatCount } from '../../text.ts'

export const bundleVerify = command({
  define: (command) =>
    command
      .argument('<file>', 'bundle to check')
      .addHelpText('after', '\nNeeds no workspace. Any damage ends with exit status 13.'),
  async run(context, [file = '']) {
    const result = await verifyBundle(nodeFs, { path: resolve(context.cwd, file), signal: context.signal })
    return {
      data: result,
      lines: [
        ...result.refs.map(({ name, commit }) => `${name}  ${commit.slice(0, 12)}`),
        ...result.prerequisites.map((id) => `needs  ${id.slice(0, 12)}`),
        `Every byte is as it was written: ${formatCount(result.objects, 'object')}, ${formatBytes(result.bytes)}`,
      ],
    }
  },
})
