import { createBranch, deleteBranch, listBranches, renameBranch } from '../../repo/branch.ts'
import { command } from '../command.ts'
import { inWorkspace } from '../workspace.ts'

export const branch = command<{ delete?: string; move?: string; force?: boolean }>({
  define: (command) =>
    command
      .argument('[name]', 'branch to create; none lists all')
      .argument('[at]', 'revision it starts at (default HEAD)')
      .option('-d, --delete <name>', 'delete a branch whose commits another ref holds')
      .option('-m, --move <from>', 'rename this branch to NAME')
      .option('-f, --force', 'move an existing branch, or delete one that is not merged'),
  async run(context, [name, at], options) {
    return inWorkspace(context, async (workspace) => {
      if (options.delete !== undefined) {
        const gone = await deleteBranch(workspace, { name: options.delete, force: options.force })
        return {
          data: { deleted: gone },
          lines: [`Deleted branch ${options.delete}`],
          hints: gone.commit ? [`undo with \`floe branch ${options.delete} ${gone.commit.slice(0, 12)}\``] : [],
        }
      }
      if (name === undefined) {
        const branches = await listBranches(workspace)
        return {
          data: { branches },
          lines: branches.map(
            (entry) => `${entry.current ? '*' : ' '} ${entry.name}  ${entry.commit?.slice(0, 12) ?? '(no commit)'}`,
          ),
        }
      }
      if (options.move !== undefined) {
        const renamed = await renameBranch(workspace, { from: options.move, to: name })
        return { data: { renamed }, lines: [`Renamed ${options.move} to ${name}`] }
      }
      const created = await createBranch(workspace, { name, at, force: options.force })
      return {
        data: { created },
        lines: [`Branch ${name} at ${created.commit?.slice(0, 12)}`],
        hints: [`\`floe switch ${name}\` changes to it`],
      }
    })
  },
})
