import { type GrepMatch, grep as search } from '../../repo/grep.ts'
import { workspacePath } from '../../repo/paths.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'

export const grep = command<{ contents?: boolean; ignoreCase?: boolean; path?: string }>({
  define: (command) =>
    command
      .argument('<pattern>', 'a regular expression')
      .argument('[revision]', 'version to search (default HEAD)')
      .option('-c, --contents', 'search in text files instead of in paths')
      .option('-i, --ignore-case', 'take capital and small letters for the same')
      .option('--path <path>', 'search at or below this path only')
      .addHelpText('after', '\nExit status 1 if nothing matches.'),
  run: (context, [pattern, revision], options) =>
    inLazyWorkspace(context, async (workspace) => {
      const prefix = options.path === undefined ? undefined : workspacePath(workspace, context.cwd, options.path)
      const { contents, ignoreCase } = options
      const matches: GrepMatch[] = []
      let count = 0
      const found = search(workspace, {
        pattern: pattern!,
        revision,
        contents,
        ignoreCase,
        prefix,
        signal: context.signal,
      })
      for await (const match of found) {
        count++
        if (context.output.json) matches.push(match)
        // Printed as they come: a version may hold ten million paths.
        else context.output.result(match.line === undefined ? match.path : `${match.path}:${match.line}:${match.text}`)
      }
      return { data: { matches }, exitCode: count === 0 ? 1 : 0 }
    }),
})
