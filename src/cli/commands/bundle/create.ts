import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { createBundle } from '../../../repo/bundle.ts'
import { repeated } from '../../arguments.ts'
import { command } from '../../command.ts'
import { inLazyWorkspace } from '../../lazy-workspace.ts'
import { formatBytes, formatCount } from '../../text.ts'
import { pathWords, shellCommand } from '../../undo.ts'

export const bundleCreate = command<{ base?: string[]; force?: boolean }>({
  define: (command) =>
    command
      .argument('<file>', 'where to write the bundle')
      .argument('[ref...]', 'branches and tags (default: all)')
      .option(
        '--base <revision>',
        'leave out what the receiver has: everything reachable from this (repeatable)',
        repeated,
      )
      .option('-f, --force', 'replace a file that is there')
      .addHelpText(
        'after',
        '\nCarry the file to another machine and run `floe bundle unbundle FILE` there. Whoever has it can read all of it.',
      ),
  run: (context, [file = '', ...refs], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const path = resolve(context.cwd, file)
      const isThere = existsSync(path)
      const result = await createBundle(workspace, { path, refs, ...options, signal: context.signal })
      return {
        data: { path, ...result },
        lines: [
          ...result.refs.map(({ name, commit }) => `${name}  ${commit.slice(0, 12)}`),
          `${path}: ${formatCount(result.objects, 'object')}, ${formatBytes(result.bytes)}, sha256 ${result.checksum}`,
        ],
        undo: isThere ? [] : [shellCommand('rm', ...pathWords([file]))],
        notUndone: isThere ? ['the file that was there before is gone'] : [],
        hints: [
          result.prerequisites.length > 0
            ? `only for workspaces that have ${result.prerequisites.map((id) => id.slice(0, 12)).join(', ')}`
            : 'take it over elsewhere with `floe bundle unbundle FILE`',
        ],
      }
    }),
})
