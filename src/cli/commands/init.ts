import { resolve } from 'node:path'
import { command } from '../command.ts'

export const init = command<{ template?: string; branch?: string }>({
  define: (command) =>
    command
      .argument('[dir]', 'directory to create the workspace in', '.')
      .option('-b, --branch <name>', 'name of the first branch', 'main')
      .option('--template <name>', 'start from a template: tabular, checkpoints'),
  async run(context, [dir = '.'], options) {
    const { initWorkspace } = await import('../../repo/init.ts')
    const root = resolve(context.cwd, dir)
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
      hints: ['next: `floe add .` and `floe commit -m "first version"`'],
    }
  },
})
