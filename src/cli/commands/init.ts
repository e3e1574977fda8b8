import { join, relative, resolve } from 'node:path'
import type { CreatedWorkspace } from '../../store/workspace.ts'
import { command } from '../command.ts'
import { pathWords, shellCommand } from '../undo.ts'
import { type FolderBefore, folderBefore, removal } from '../undo-folder.ts'

export const init = command<{ template?: string; branch?: string }>({
  define: (command) =>
    command
      .argument('[dir]', 'directory to create the workspace in', '.')
      .option('-b, --branch <name>', 'name of the first branch', 'main')
      .option('--template <name>', 'start from a template: tabular, checkpoints'),
  async run(context, [dir = '.'], options) {
    const { initWorkspace } = await import('../../repo/init.ts')
    const root = resolve(context.cwd, dir)
    const before = folderBefore(root)
    const made = await initWorkspace(root, { branch: options.branch })
    const copied = options.template ? await (await import('../templates.ts')).copyTemplate(options.template, root) : []
    const lines = [
      made.$kind === 'created'
        ? `Created a workspace in ${made.root} on branch ${made.branch}`
        : `${made.root} is a workspace already`,
      ...copied.map((path) => `  ${path}`),
    ]
    return {
      data: { ...made, template: options.template ?? null, copied },
      lines,
      undo: undo(context.cwd, made, before, copied),
      hints: ['next: `floe add .` and `floe commit -m "first version"`'],
    }
  },
})

/** What was in the folder before stays. */
function undo(
  cwd: string,
  { $kind, root }: CreatedWorkspace,
  { made }: FolderBefore,
  copied: readonly string[],
): string[] {
  if (made !== null) return [removal(cwd, made)]
  const files = copied.map((path) => relative(cwd, join(root, path)))
  return [
    ...($kind === 'created' ? [removal(cwd, join(root, '.floe'))] : []),
    ...(files.length > 0 ? [shellCommand('rm', ...pathWords(files))] : []),
  ]
}
