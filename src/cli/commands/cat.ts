import { once } from 'node:events'
import { UsageError } from '../../base/errors.ts'
import { catFile, parseRevisionPath } from '../../repo/cat.ts'
import { command } from '../command.ts'
import { inLazyWorkspace } from '../lazy-workspace.ts'

export const cat = command<{ range?: string; output?: string }>({
  define: (command) =>
    command
      .argument(
        '<REV:PATH>',
        'a file at a revision (HEAD if only PATH); :PATH as staged; :1:PATH, :2:PATH, :3:PATH are base, ours, theirs of a conflict',
      )
      .option('--range <from-to>', 'part of it: 10-20 is bytes 10 to 19'),
  async run(context, [target], options) {
    return inLazyWorkspace(context, async (workspace) => {
      const { revision, path } = parseRevisionPath(target!)
      const bytes = catFile(workspace, { revision, path, ...byteRange(options.range), signal: context.signal })
      if (context.output.json) return { data: { revision, path, ...(await asBase64(bytes)) } }
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

/** One JSON object has to fit in memory several times over: as bytes, as text, and at whoever parses it. */
const MAX_JSON_BYTES = 64 * 1024 * 1024

async function asBase64(source: AsyncIterable<Uint8Array>): Promise<{ bytes: number; base64: string }> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of source) {
    bytes += piece.length
    if (bytes > MAX_JSON_BYTES)
      throw new UsageError('CAT_TOO_LARGE', 'the file is too large for one JSON object', {
        hints: ['leave --json out, or take a part of it with --range FROM-TO'],
      })
    pieces.push(piece)
  }
  return { bytes, base64: Buffer.concat(pieces).toString('base64') }
}
