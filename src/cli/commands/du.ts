import { splitRevisionPath } from '../../repo/cat.ts'
import { diskUsage } from '../../repo/du.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'
import { formatBytes, formatCount, formatTable } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const du = command<{ path?: boolean }>({
  define: (command) =>
    command
      .argument('[revision]', 'with --path: REV, REV:FOLDER, or :FOLDER as staged (default HEAD)')
      .option('--path', 'what stands in a folder of a version, instead of refs with their history')
      .addHelpText(
        'after',
        '\nLogical: as files. Stored: chunks, each once, before compression. Unique: in no other row.',
      ),
  run(context, [target], options) {
    const byPath = options.path || target !== undefined
    // Of refs only what is here counts; of a version that is asked for, all.
    const open = byPath ? inLazyWorkspace : inWorkspace
    return open(context, async (workspace) => {
      const place = splitRevisionPath(target ?? '') ?? { revision: target, path: '' }
      const result = await diskUsage(workspace, {
        by: byPath ? 'path' : 'ref',
        revision: place.revision,
        prefix: place.path.replace(/\/+$/, ''),
        signal: context.signal,
      })
      const rows = result.rows.map((row) => [
        ...[row.logicalBytes, row.storedBytes, row.uniqueBytes, row.sharedBytes].map((bytes) => formatBytes(bytes)),
        row.name,
      ])
      return {
        data: result,
        lines: [
          ...formatTable([['logical', 'stored', 'unique', 'shared', byPath ? 'path' : 'ref'], ...rows]),
          `${formatBytes(result.totalBytes)} of chunks in all; packs take ${formatBytes(result.packs.bytes)}`,
          ...(result.inPlace.files + result.inPlace.copies > 0
            ? [
                `${formatCount(result.inPlace.files, 'file')} of ${formatBytes(result.inPlace.bytes)} hold contents in place; Floe keeps ${formatBytes(result.inPlace.copyBytes)} of such files aside`,
              ]
            : []),
        ],
      }
    })
  },
})
