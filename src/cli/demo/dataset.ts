/** Generates the demo's data: realistic in shape, the same bytes on every machine.
 *
 *  A Parquet table that grows, a few thousand small binaries of which some change, and a safetensors checkpoint of which
 *  two tensors change per version. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { utf8 } from '../../base/bytes.ts'
import { createRng, type Rng } from '../../base/rng.ts'

/** How much of each kind there is. */
export interface DatasetSize {
  readonly firstRows: number
  readonly rowsPerVersion: number
  readonly samples: number
  readonly tensorBytes: number
}
export const FULL_SIZE: DatasetSize = {
  firstRows: 50_000,
  rowsPerVersion: 10_000,
  samples: 3_000,
  tensorBytes: 1 << 20,
}
export const SMALL_SIZE: DatasetSize = { firstRows: 5_000, rowsPerVersion: 1_000, samples: 300, tensorBytes: 1 << 17 }

/** Rows per row group on average; groups end where a row's id says so, so that they survive insertions. */
const ROWS_PER_GROUP = 4_096
const TENSORS = 12

const WORDS =
  'the a model learns from data that was labelled by people who read each text twice before they agree on what it means and why it matters'.split(
    ' ',
  )

export interface DemoVersion {
  message: string
  files: number
}

/** Writes version 1, 2 or 3 into `root`, over the version before it. */
export async function writeVersion(root: string, version: 1 | 2 | 3, size: DatasetSize): Promise<DemoVersion> {
  await writeTable(root, size.firstRows + (version - 1) * size.rowsPerVersion)
  const samples = await writeSamples(root, { version, samples: size.samples })
  await writeCheckpoint(root, { version, tensorBytes: size.tensorBytes })
  const message = [
    'first collection: table, samples and the base checkpoint',
    'more rows, one sample in a hundred relabelled, two tensors fine-tuned',
    'more rows, one sample in 150 withdrawn, two more tensors fine-tuned',
  ][version - 1]!
  return { message, files: samples + 2 }
}

async function writeTable(root: string, rows: number): Promise<void> {
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const id: bigint[] = []
  const text: string[] = []
  const label: number[] = []
  const score: number[] = []
  const groups: number[] = []
  let groupRows = 0
  for (let row = 0; row < rows; row++) {
    const rng = createRng(0x7ab1e ^ row)
    id.push(BigInt(row))
    text.push(sentence(rng))
    label.push(rng.below(10))
    score.push(rng.nextFloat())
    groupRows++
    // The boundary depends on the row alone, never on its place (ecosystem notes §2.1).
    if (rng.below(ROWS_PER_GROUP) === 0 || groupRows === 4 * ROWS_PER_GROUP) {
      groups.push(groupRows)
      groupRows = 0
    }
  }
  if (groupRows > 0) groups.push(groupRows)
  const file = parquetWriteBuffer({
    columnData: [
      { name: 'id', data: id, type: 'INT64' },
      { name: 'text', data: text, type: 'STRING' },
      { name: 'label', data: label, type: 'INT32' },
      { name: 'score', data: score, type: 'DOUBLE' },
    ],
    rowGroupSize: groups,
  })
  await mkdir(join(root, 'data'), { recursive: true })
  await writeFile(join(root, 'data', 'train.parquet'), new Uint8Array(file))
}

function sentence(rng: Rng): string {
  const words = Array.from({ length: 8 + rng.below(16) }, () => WORDS[rng.below(WORDS.length)]!)
  return `${words.join(' ')} ${rng.nextU32().toString(36)}`
}

/** Small binaries of 1 to 7 KB, 100 to a folder, like thumbnails or audio snippets. */
async function writeSamples(root: string, { version, samples }: { version: number; samples: number }): Promise<number> {
  let count = 0
  for (let sample = 0; sample < samples; sample++) {
    const path = join(
      root,
      'samples',
      String(Math.floor(sample / 100)).padStart(3, '0'),
      `${String(sample).padStart(5, '0')}.bin`,
    )
    const relabelled = version >= 2 && sample % 100 === 7
    const withdrawn = version >= 3 && sample % 150 === 11
    if (withdrawn) {
      await rm(path, { force: true })
      continue
    }
    count++
    if (version > 1 && !(version === 2 && relabelled)) continue
    const rng = createRng(0x5a3 + sample * 4 + (relabelled ? 1 : 0))
    await mkdir(join(path, '..'), { recursive: true })
    await writeFile(path, rng.fill(new Uint8Array(1024 + rng.below(6144))))
  }
  return count
}

/** A safetensors file: u64 header length, JSON header, tensors (format notes: ecosystem §2.4). */
async function writeCheckpoint(
  root: string,
  { version, tensorBytes }: { version: number; tensorBytes: number },
): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { step: String(version * 1000) } }
  const tensors: Uint8Array[] = []
  for (let tensor = 0; tensor < TENSORS; tensor++) {
    header[`model.layers.${tensor}.weight`] = {
      dtype: 'BF16',
      shape: [512, tensorBytes / 2 / 512],
      data_offsets: [tensor * tensorBytes, (tensor + 1) * tensorBytes],
    }
    // Versions 2 and 3 fine-tune two tensors each; the others keep their bytes.
    const tuned = (version >= 2 && tensor < 2) || (version >= 3 && tensor >= 2 && tensor < 4) ? 1 : 0
    tensors.push(bfloat16Noise(createRng(0xbf16 + tensor * 2 + tuned), tensorBytes))
  }
  const json = JSON.stringify(header)
  const padded = utf8(json.padEnd(Math.ceil(json.length / 8) * 8, ' '))
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true)
  await mkdir(join(root, 'checkpoints'), { recursive: true })
  await writeFile(join(root, 'checkpoints', 'latest.safetensors'), Buffer.concat([length, padded, ...tensors]))
}

/** Weights near zero, as training leaves them: few exponents, random mantissas. */
function bfloat16Noise(rng: Rng, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i += 2) {
    const word = rng.nextU32()
    const exponent = 118 - Math.min(7, Math.clz32(word | 1))
    out[i] = ((exponent & 1) << 7) | (word & 0x7f)
    out[i + 1] = ((word >>> 8) & 0x80) | (exponent >>> 1)
  }
  return out
}
