/** What the version-control bench stores: made from seeds, so that every run sees the same bytes. */

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'

const WORDS = (
  'the of and to in model data train batch loss layer token image label vector value score query index shard epoch ' +
  'river stone paper light house garden winter summer market number system public people water music story history'
).split(' ')

/** xorshift32: fast, and the same everywhere. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 1) >>> 0 || 1
  }

  next(): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return this.#state
  }

  below(limit: number): number {
    return this.next() % limit
  }

  /** About normal: the sum of three uniform numbers. */
  normal(): number {
    return (this.next() + this.next() + this.next()) / 2 ** 31 - 3
  }

  words(count: number): string {
    const out: string[] = []
    for (let i = 0; i < count; i++) out.push(WORDS[this.below(WORDS.length)]!)
    return out.join(' ')
  }
}

function write(path: string, pieces: Iterable<Uint8Array | string>): void {
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'w')
  try {
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    }
  } finally {
    closeSync(fd)
  }
}

const TENSORS = 64

/** A safetensors file of equal tensors.
 *  @param changed - tensors that come from `seed + 1000` instead */
export function writeCheckpoint(path: string, bytes: number, seed: number, kind: 'random' | 'bf16', changed = 0): void {
  const tensorBytes = Math.floor(bytes / TENSORS / 4096) * 4096
  const header = Buffer.from(
    JSON.stringify(
      Object.fromEntries(
        Array.from({ length: TENSORS }, (_, i) => [
          `layers.${String(i).padStart(2, '0')}.weight`,
          {
            dtype: kind === 'bf16' ? 'BF16' : 'F32',
            shape: [tensorBytes / (kind === 'bf16' ? 2 : 4)],
            data_offsets: [i * tensorBytes, (i + 1) * tensorBytes],
          },
        ]),
      ),
    ),
  )
  function* pieces() {
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    yield length
    yield header
    for (let i = 0; i < TENSORS; i++) {
      const random = new Random((i < changed ? seed + 1000 : seed) * 100 + i)
      yield kind === 'bf16' ? bf16Tensor(random, tensorBytes) : noise(random, tensorBytes)
    }
  }
  write(path, pieces())
}

function noise(random: Random, bytes: number): Uint8Array {
  const words = new Uint32Array(bytes / 4)
  for (let i = 0; i < words.length; i++) words[i] = random.next()
  return new Uint8Array(words.buffer)
}

/** Weights as trained ones are: normal, each row with a scale of its own. */
function bf16Tensor(random: Random, bytes: number): Uint8Array {
  const floats = new Float32Array(bytes / 2)
  let scale = 1
  for (let i = 0; i < floats.length; i++) {
    if (i % 2048 === 0) scale = 0.005 * (1 + random.below(16))
    floats[i] = random.normal() * scale
  }
  const bits = new Uint32Array(floats.buffer)
  const halves = new Uint16Array(floats.length)
  for (let i = 0; i < halves.length; i++) halves[i] = bits[i]! >>> 16
  return new Uint8Array(halves.buffer)
}

function row(random: Random, number: number): string {
  return `${JSON.stringify({ id: number, label: WORDS[random.below(WORDS.length)], score: random.below(1e6) / 1e6, hash: random.next().toString(16), text: random.words(8 + random.below(24)) })}\n`
}

function* rows(bytes: number, seed: number, make: (random: Random, number: number) => string): Generator<string> {
  const random = new Random(seed)
  let block: string[] = []
  for (let done = 0, number = 0; done < bytes; number++) {
    const line = make(random, number)
    done += line.length
    block.push(line)
    if (block.length === 1000) {
      yield block.join('')
      block = []
    }
  }
  yield block.join('')
}

function csvRow(random: Random, number: number): string {
  return `${number},${1_600_000_000 + number * 7},${WORDS[random.below(WORDS.length)]},${random.below(1e5) / 100},${random.below(1e9)},${random.next()},${random.below(2)}\n`
}

/** Two checkpoints of noise, a JSONL and a CSV file, each of that size. */
export function writeBigFiles(dir: string, fileBytes: number): void {
  writeCheckpoint(join(dir, 'model/step-1000.safetensors'), fileBytes, 1, 'random')
  writeCheckpoint(join(dir, 'model/step-2000.safetensors'), fileBytes, 2, 'random')
  write(join(dir, 'data/train.jsonl'), rows(fileBytes, 3, row))
  write(join(dir, 'data/table.csv'), rows(fileBytes, 4, csvRow))
}

/** Files of 1 to 7 KB of noise, a hundred to a folder.
 *  @param changed - files that get other contents */
export function writeSmallFiles(dir: string, count: number, changed = 0): void {
  for (let i = 0; i < (changed || count); i++) {
    const random = new Random((changed ? 9_000_000 : 5_000_000) + i)
    const path = smallFile(dir, changed ? Math.floor((i * count) / changed) : i)
    if (!changed && i % 100 === 0) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, noise(random, 4 * (256 + random.below(1500))))
  }
}

function smallFile(dir: string, index: number): string {
  return join(
    dir,
    `d${String(Math.floor(index / 100)).padStart(5, '0')}`,
    `f${String(index % 100).padStart(2, '0')}.bin`,
  )
}

/** Path of one of them. */
export function manyFile(index: number): string {
  return `d${String(Math.floor(index / 1000)).padStart(4, '0')}/f${String(index % 1000).padStart(3, '0')}.txt`
}

/** Empty-ish files only for counting: their contents are their numbers. */
export function writeManyFiles(dir: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const path = join(dir, manyFile(i))
    if (i % 1000 === 0) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${i}\n`)
  }
}

/** bf16 weights, compressible small files, a wide table in Parquet. */
export function writeStructured(dir: string, fileBytes: number): void {
  writeCheckpoint(join(dir, 'model.safetensors'), fileBytes, 7, 'bf16')
  const random = new Random(8)
  const count = Math.floor(fileBytes / 50_000)
  for (let i = 0; i < count; i++) {
    const path = join(dir, 'annotations', String(i % 50).padStart(2, '0'), `${String(i).padStart(6, '0')}.json`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(
      path,
      JSON.stringify(
        {
          image: `img-${i}.jpg`,
          boxes: Array.from({ length: 20 + random.below(60) }, () => ({
            x: random.below(1920),
            y: random.below(1080),
            label: WORDS[random.below(WORDS.length)],
          })),
        },
        null,
        1,
      ),
    )
  }
  writeParquet(join(dir, 'wide.parquet'), Math.floor(fileBytes / 8 / 100), 100, random)
}

function writeParquet(path: string, rowCount: number, columns: number, random: Random): void {
  const buffer = parquetWriteBuffer({
    columnData: Array.from({ length: columns }, (_, column) => ({
      name: `feature_${column}`,
      type: 'DOUBLE' as const,
      data: Array.from({ length: rowCount }, () => Math.round(random.normal() * 1000) / 8),
    })),
    rowGroupSize: 10_000,
  })
  writeFileSync(path, new Uint8Array(buffer))
}

/** The three changes that bytes are counted for, each on top of the one before. */
export const CHANGES: readonly { name: string; apply(dir: string, fileBytes: number): void }[] = [
  {
    name: '5 % appended to the JSONL',
    apply(dir, fileBytes) {
      const path = join(dir, 'data/train.jsonl')
      const before = readFileSync(path)
      write(path, [before, ...rows(fileBytes / 20, 31, row)])
    },
  },
  {
    name: '1,000 rows inserted in its middle',
    apply(dir) {
      const path = join(dir, 'data/train.jsonl')
      const before = readFileSync(path)
      const middle = before.indexOf('\n', before.length >> 1) + 1
      const random = new Random(32)
      const inserted = Array.from({ length: 1000 }, (_, i) => row(random, 10_000_000 + i)).join('')
      write(path, [before.subarray(0, middle), inserted, before.subarray(middle)])
    },
  },
  {
    name: "5 % of a checkpoint's tensors changed",
    apply(dir, fileBytes) {
      writeCheckpoint(join(dir, 'model/step-2000.safetensors'), fileBytes, 2, 'random', Math.round(TENSORS / 20))
    },
  },
]
