import { resolve } from 'node:path'
import { unbundle } from '../../../repo/bundle.ts'
import { command } from '../../command.ts'
import { formatCount } from '../../text.ts'
import { undoOfRefs } from '../../undo-refs.ts'
import { inWorkspace } from '../../workspace.ts'

export const bundleUnbundle = command<{ name?: string }>({
  define: (command) =>
    command
      .argument('<file>', 'bundle to take over')
      .option('--name <name>', 'its branches appear below this name, as those of a remote do', 'bundle')
      .addHelpText('after', '\nFiles and branches of the workspace stay as they are. Damage ends with exit status 13.'),
  run: (context, [file = ''], options) =>
    inWorkspace(context, async (workspace) => {
      const path = resolve(context.cwd, file)
      const result = await unbundle(workspace, { path, name: options.name, signal: context.signal })
      for (const tag of result.keptTags) context.output.warn(`${tag} is another version here and was left alone`)
      const branch = result.updated.find(({ ref }) => ref.startsWith('remotes/'))?.ref.slice('remotes/'.length)
      return {
        data: result,
        lines: [
          ...result.updated.map(
            ({ ref, old, new: next }) => `${ref}  ${old?.slice(0, 12) ?? '(new)'} → ${next.slice(0, 12)}`,
          ),
          `Took over ${formatCount(result.newObjects, 'new object')} of ${result.objects}`,
        ],
        hints: branch ? [`\`floe merge ${branch}\` brings it into the current branch`] : [],
        ...undoOfRefs(workspace, options.name ?? 'bundle', result.updated),
      }
    }),
})
