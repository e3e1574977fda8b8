/** Bytes that jobs read and write, in memory or in a file.
 *
 *  A large encoded blob does not fit in memory beside the pack it was made from, so what it adds may be spilled to a
 *  file. Jobs only see regions; whoever runs them on a thread with a file system hands in `RegionFiles`. */

import { copyBytes } from '../base/copy.ts'

/** Part of an open file. Descriptors belong to the process, so that every thread can use one. */
export interface FileRegion {
  readonly descriptor: number
  readonly offset: number
  readonly length: number
}

export type Region = Uint8Array | FileRegion

/** How a thread reaches files; absent where there are none (browsers). */
export interface RegionFiles {
  /** Fills `into` from `position` of the region on.
   *  @throws {ErasureError} ERASURE_SPILL */
  read(region: FileRegion, position: number, into: Uint8Array): void
  /** @throws {ErasureError} ERASURE_SPILL */
  write(region: FileRegion, position: number, bytes: Uint8Array): void
}

/** What a job runs with beside its engine. */
export interface JobTools {
  readonly files: RegionFiles | undefined
  /** Bytes to work in, void after the job; the two places are independent. */
  scratch(place: 0 | 1, bytes: number): Uint8Array
}

export function createJobTools(files?: RegionFiles): JobTools {
  const places = [new Uint8Array(0), new Uint8Array(0)]
  return {
    files,
    scratch(place, bytes) {
      if (places[place]!.length < bytes) places[place] = new Uint8Array(bytes)
      return places[place]!.subarray(0, bytes)
    },
  }
}

export function isMemory(region: Region): region is Uint8Array {
  return region instanceof Uint8Array
}

/** Region bytes [position, position + into.length), zeros where the region has ended. */
export function readRegion(tools: JobTools, region: Region, position: number, into: Uint8Array): void {
  const have = Math.max(0, Math.min(into.length, region.length - position))
  if (have > 0) {
    if (isMemory(region)) copyBytes(into, 0, region, position, have)
    else filesOf(tools).read(region, position, into.subarray(0, have))
  }
  if (have < into.length) into.fill(0, have)
}

/** Writes the bytes, less what would stand behind the region's end. */
export function writeRegion(tools: JobTools, region: Region, position: number, bytes: Uint8Array): void {
  const room = Math.max(0, Math.min(bytes.length, region.length - position))
  if (room === 0) return
  if (isMemory(region)) copyBytes(region, position, bytes, 0, room)
  else filesOf(tools).write(region, position, bytes.subarray(0, room))
}

function filesOf({ files }: JobTools): RegionFiles {
  if (!files) throw new TypeError('this thread has no files')
  return files
}
