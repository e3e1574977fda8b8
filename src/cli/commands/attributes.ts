import { attributesOf } from '../../repo/attributes.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { inWorkspace } from '../workspace.ts'

export const attributes = command({
  define: (command) =>
    command
      .argument('<path...>', 'files, which need not exist')
      .addHelpText(
        'after',
        '\nA line of .floeattributes is a pattern, as in .floeignore, and what holds for it; the last that matches decides:\n' +
          '  *.csv merge=rows key=id    merge by rows that this column, or several (a,b), tells apart; also text, binary\n' +
          '  *.db chunking=fixed        cut every MiB; also small, medium, large (64 KiB, 256 KiB, 1 MiB on average), auto\n' +
          '  *.pt retain=52             push promises to keep it for so many epochs; also permanent\n' +
          '  private/ encrypt=yes       push refuses to send it in the clear; encrypt=no lets it through\n' +
          '  big.csv -key               take an attribute back',
      ),
  run: (context, paths) =>
    inWorkspace(context, async (workspace) => {
      const chosen = paths.map((path) => workspacePath(workspace, context.cwd, path))
      const found = attributesOf(workspace, chosen)
      for (const warning of found.warnings) context.output.warn(warning)
      return {
        data: found,
        lines: found.paths.map(({ path, attributes }) => {
          const words = Object.entries(attributes).map(([name, value]) => `${name}=${value}`)
          return `${path}: ${words.length > 0 ? words.join(' ') : 'nothing'}`
        }),
      }
    }),
})
