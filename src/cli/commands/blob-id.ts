import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from '../../base/errors.ts'
import { command } from '../command.ts'

export const blobIdCommand = command<{ shards: string }>({
  define: (command) =>
    command
      .argument('<file>', 'file to encode')
      .option('--shards <count>', 'shards of the network; 1000 is mainnet and testnet', '1000'),
  async run(context, [file], options) {
    const shards = Number(options.shards)
    if (!Number.isSafeInteger(shards))
      throw new UsageError('NUMBER_MALFORMED', `--shards expected a number, got "${options.shards}"`)
    const { computeFileBlobId } = await import('../../repo/blob-id.ts')
    const bytes = await readFile(resolve(context.cwd, file!))
    const result = await computeFileBlobId(bytes, shards, { signal: context.signal })
    return { data: { file, shards, bytes: bytes.length, ...result }, lines: [result.blobId] }
  },
})
