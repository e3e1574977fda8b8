import { once } from 'node:events'
import { UsageError } from '../../base/errors.ts'
import { catFile, parseRevisionPath } from '../../repo/cat.ts'
import { command } from '../command.ts'
import { inWorkspace } from '../workspace.ts'

export const cat = command<{ range?: string; output?: string }>({
  define: (command) =>
    command
      .argument('<REV:PATH>', 'a file at a revision; HEAD if only :PATH')
      .option('--range <from-to>', 'bytes from..to, end exclusive'),
  async run(context, [target], options) {
    if (context.output.json)
      throw new UsageError('CAT_JSON', '`floe cat` writes bytes, not JSON', {
        hints: ['`floe ls --json` describes files'],
      })
    return inWorkspace(context, async (workspace) => {
      const { revision, path } = parseRevisionPath(target!)
      const bytes = catFile(workspace, { revision, path, ...byteRange(options.range), signal: context.signal })
      const { stdout } = context.output.streams
      for await (const piece of bytes) if (!stdout.write(piece)) await once(stdout, 'drain')
      return { data: {} }
    })
  },
})

function byteRange(text: string | undefined): { fromByte?: number; toByte?: number } {
  if (text === undefined) return {}
  const match = /^(\d+)-(\d*)$/.exec(text)
  if (!match) throw new UsageError('RANGE_MALFORMED', `--range expected FROM-TO in bytes, got "${text}"`)
  return { fromByte: Number(match[1]), toByte: match[2] ? Number(match[2]) : undefined }
}
