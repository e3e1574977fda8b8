import { command } from '../command.ts'

export const demo = command<{ keep?: boolean; small?: boolean }>({
  define: (command) =>
    command
      .option('--keep', 'keep the folder with the workspace, the clones and the network state')
      .option('--small', 'a tenth of the data: shows the same in a few seconds')
      .addHelpText('after', '\nEverything happens in a temporary folder on this machine; nothing is left running.'),
  async run(context, _args, options) {
    const { runDemo } = await import('../demo/run.ts')
    return runDemo(context, { keep: Boolean(options.keep), small: Boolean(options.small) })
  },
})
