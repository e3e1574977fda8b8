/** How a frame is to be compressed, guessed from a sample: grouped by bytes or not, with more effort or less, or not at
 *  all. Asking zstd costs a call per guess, each as long as a good part of the frame itself; counting bytes first answers
 *  most of it, and a frame like the one before is treated like it. */

import { zstd } from './zstd.ts'

/** Element widths worth trying: 1 is plain zstd. */
export type FrameGrouping = 1 | 2 | 4

/** `fast` is level 1. Frames above 256 KiB get half its table, which the first-level cache holds, and a window for all of the
 *  frame, which zstd need not search in two pieces then. By hand, frames of 1 MiB in turns: 5 to 16 % less time on CSV, JSONL,
 *  code, grouped bf16 weights, float64 and token ids; 1.4 % smaller on CSV, 0.5 % on weights, 1 to 3 % larger on JSONL, code
 *  and float64, for which `thorough` is taken.
 *
 *  `thorough` is level 3 with tables that stay in the second-level cache: 5 to 11 % smaller than level 1 on prose, code and
 *  JSONL, as level 3 is, at two thirds of the time of that. */
export type FrameEffort = 'fast' | 'thorough'

export interface FrameCoding {
  grouping: FrameGrouping
  effort: FrameEffort
}

/** From here on zstd has the parameters of large inputs. */
const LARGE_BYTES = 256 * 1024

/** zstd parameters of an effort, for that many bytes. */
export function effortParams(effort: FrameEffort, bytes: number): Readonly<Record<number, number>> {
  const { constants } = zstd()
  if (effort === 'fast' && bytes <= LARGE_BYTES) return { [constants.ZSTD_c_compressionLevel]: 1 }
  if (effort === 'fast')
    return {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_hashLog]: 13,
      [constants.ZSTD_c_windowLog]: 20,
    }
  return {
    [constants.ZSTD_c_compressionLevel]: 3,
    [constants.ZSTD_c_hashLog]: 15,
    [constants.ZSTD_c_chainLog]: 14,
  }
}

const SAMPLE_SPANS = 4
const SAMPLE_SPAN_BYTES = 16 * 1024
const SAMPLE_BYTES = SAMPLE_SPANS * SAMPLE_SPAN_BYTES
/** Below this the lengths of the groups weigh more than they gain. */
const MIN_GROUPED_BYTES = 1024
/** Compression has to save 1 in 32, else reading pays for nothing. */
const MARGIN = 32
/** More effort is worth its time if it saves 1.5 % of the sample. */
const MIN_EFFORT_GAIN = 0.985
/** Grouped has to be this much smaller: text grouped by chance would lose its matches. */
const MIN_GROUPING_GAIN = 0.95
/** Bits per byte that grouping has to save, by counts of bytes alone, to be tried at all. */
const MIN_ENTROPY_GAIN = 0.1
/** Frames in a row that one decision is believed for, as long as their bytes are spread alike. */
const MAX_BELIEVED = 16
/** Bits per byte that frames may differ in to be alike. */
const ALIKE_BITS = 0.1

/** True if the compressed bytes save too little. */
export function savesTooLittle(rawBytes: number, storedBytes: number): boolean {
  return storedBytes > rawBytes - rawBytes / MARGIN
}

export interface CodingQuestion {
  /** Element width the caller knows of; without it a sample decides. */
  grouping?: FrameGrouping | undefined
  /** False for content that is never an array of numbers (default true). */
  tryGrouping?: boolean | undefined
  /** What was decided for the frames before; the same frames in the same order get the same decisions. */
  memory?: CodingMemory | undefined
}

/** Belongs to one sequence of frames. */
export interface CodingMemory {
  spread: Spread
  coding: FrameCoding | null
  left: number
}

export function createCodingMemory(): CodingMemory {
  return { spread: [0, 0, 0], coding: null, left: 0 }
}

/** Compresses all of the bytes, to find out how long they become. */
type Compress = (bytes: Uint8Array, coding: FrameCoding) => Uint8Array

/** How to compress, by a sample; null where nothing pays. */
export function chooseCoding(raw: Uint8Array, question: CodingQuestion, compress: Compress): FrameCoding | null {
  const { tryGrouping = true, memory } = question
  const choose = question.grouping === undefined && tryGrouping && raw.length >= MIN_GROUPED_BYTES
  const grouping = question.grouping ?? 1
  // Where nothing is to be chosen and the sample would be all of it, compressing is the cheaper question.
  if (!choose && raw.length <= SAMPLE_BYTES) return { grouping, effort: highestEffort(grouping) }
  const sample = sampleOf(raw)
  if (!choose) return chooseEffort(sample, grouping, [], compress)
  const spread = spreadOf(sample)
  if (memory && memory.left > 0 && spread.every((bits, i) => Math.abs(bits - memory.spread[i]!) < ALIKE_BITS)) {
    memory.left--
    return memory.coding
  }
  const candidates = ([2, 4] as const).filter((width) => spread[width >> 1]! < spread[0] - MIN_ENTROPY_GAIN)
  const coding = chooseEffort(sample, 1, candidates, compress)
  if (memory) Object.assign(memory, { spread, coding, left: MAX_BELIEVED - 1 })
  return coding
}

function chooseEffort(
  sample: Uint8Array,
  given: FrameGrouping,
  candidates: readonly FrameGrouping[],
  compress: Compress,
): FrameCoding | null {
  let grouping = given
  let sampleBytes = compress(sample, { grouping, effort: 'fast' }).length
  for (const candidate of candidates) {
    const bytes = compress(sample, { grouping: candidate, effort: 'fast' }).length
    if (bytes < sampleBytes * MIN_GROUPING_GAIN) {
      grouping = candidate
      sampleBytes = bytes
    }
  }
  if (savesTooLittle(sample.length, sampleBytes)) return null
  const effort = highestEffort(grouping)
  // On tables of numbers more effort is slower and worse.
  const gains = effort === 'fast' || compress(sample, { grouping, effort }).length < sampleBytes * MIN_EFFORT_GAIN
  return { grouping, effort: gains ? effort : 'fast' }
}

/** On grouped weights more effort is slower and worse. */
function highestEffort(grouping: FrameGrouping): FrameEffort {
  return grouping === 1 ? 'thorough' : 'fast'
}

/** Spans from the start, the end and between, each aligned to 4 bytes so that grouping sees whole elements. */
function sampleOf(raw: Uint8Array): Uint8Array {
  if (raw.length <= SAMPLE_BYTES) return raw
  const sample = new Uint8Array(SAMPLE_BYTES)
  for (let i = 0; i < SAMPLE_SPANS; i++) {
    const start = Math.floor(((raw.length - SAMPLE_SPAN_BYTES) * i) / (SAMPLE_SPANS - 1) / 4) * 4
    sample.set(raw.subarray(start, start + SAMPLE_SPAN_BYTES), i * SAMPLE_SPAN_BYTES)
  }
  return sample
}

/** Bits per byte that a Huffman code would need: for all bytes together, in two groups, in four. */
type Spread = [plain: number, two: number, four: number]

const counts = new Uint32Array(4 * 256)

/** Written out, with plain loops: the compiler spends longer on what is short to read than all frames take. */
function spreadOf(sample: Uint8Array): Spread {
  counts.fill(0)
  // Every other four bytes say as much as all of them.
  const stride = sample.length < SAMPLE_BYTES ? 4 : 8
  let each = 0
  for (let i = 0; i + 3 < sample.length; i += stride, each++) {
    counts[sample[i]!]!++
    counts[256 + sample[i + 1]!]!++
    counts[512 + sample[i + 2]!]!++
    counts[768 + sample[i + 3]!]!++
  }
  const two = entropyOf(0b0101, 2 * each) + entropyOf(0b1010, 2 * each)
  let four = 0
  for (let lane = 1; lane <= 0b1000; lane *= 2) four += entropyOf(lane, each)
  return [entropyOf(0b1111, 4 * each), two / 2, four / 4]
}

/** @param lanes - which of the four count, a bit each
 *  @param total - bytes counted in them */
function entropyOf(lanes: number, total: number): number {
  let sum = 0
  for (let value = 0; value < 256; value++) {
    let count = 0
    for (let lane = 0; lane < 4; lane++) if ((lanes >> lane) & 1) count += counts[lane * 256 + value]!
    if (count > 0) sum += count * Math.log2(count)
  }
  return Math.log2(total) - sum / total
}
