import { resolve } from 'node:path'
import { splitRevisionPath } from '../../repo/cat.ts'
import { listFiles } from '../../repo/ls.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatBytes, formatCount } from '../text.ts'

export const ls = command<{ long?: boolean; arrow?: string }>({
  define: (command) =>
    command
      .argument('[revision]', 'REV or REV:FOLDER (default HEAD)', 'HEAD')
      .option('-l, --long', 'show size, mode and file id (what sha256sum prints)')
      .option('--arrow <file>', 'write the list as an Arrow IPC file'),
  async run(context, [target = 'HEAD'], options) {
    return inLazyWorkspace(context, async (workspace) => {
      const { revision, path: prefix } = splitRevisionPath(target) ?? { revision: target, path: '' }
      const files = listFiles(workspace, { revision, prefix })
      if (options.arrow) {
        const { exportFileList } = await import('../../repo/export-file-list.ts')
        const written = await exportFileList(files, resolve(context.cwd, options.arrow))
        return { data: written, lines: [`Wrote ${formatCount(written.rows, 'row')} to ${options.arrow}`] }
      }
      if (context.output.json) {
        const all = []
        for await (const file of files) all.push(file)
        return { data: { revision, files: all } }
      }
      // Printed as they come: a tree may hold ten million paths.
      for await (const file of files)
        context.output.result(
          options.long
            ? `${file.kind === 'symlink' ? 'l' : '-'}${file.executable ? 'x' : '-'} ${formatBytes(file.bytes).padStart(9)}  ${file.fileId}  ${file.path}`
            : file.path,
        )
      return { data: {} }
    })
  },
})
