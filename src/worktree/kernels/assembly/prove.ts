// Compares records of the stat cache with the disk, through the system interface that a WebAssembly module may have
// (WASI preview 1): no object is made for a file, and the loop is machine code from the first file on. The host puts the
// stat cache at address 0 and gives room to work in; what is proven and what is not is defined in ../../prover.ts, and
// what this file cannot prove is looked at again there: it must be faster, and never claim too much.

@external("wasi_snapshot_preview1", "path_filestat_get")
declare function pathStat(dir: i32, flags: i32, path: usize, length: usize, stat: usize): i32
@external("wasi_snapshot_preview1", "path_open")
declare function pathOpen(
  dir: i32,
  lookup: i32,
  path: usize,
  length: usize,
  flags: i32,
  rights: u64,
  inherited: u64,
  fdFlags: i32,
  opened: usize,
): i32
@external("wasi_snapshot_preview1", "fd_readdir")
declare function readDirectory(fd: i32, into: usize, length: usize, cookie: u64, used: usize): i32
@external("wasi_snapshot_preview1", "fd_close")
declare function close(fd: i32): i32

// The stat cache: src/store/README.md.
const MAGIC_BYTES: u64 = 12
const TRAILER_BYTES: usize = 40
const RECORD_BYTES: u32 = 64

// Room to work in, by offset: results of calls, the folders above a record, what is left over, a listing.
const ANSWER: usize = 64
const DOT: usize = 72
const LEVELS: usize = 128
const EVENTS: usize = 0x20000
const LISTING: usize = 0x40000
/** Less than there is room for: the last name is read in words of 8 bytes. */
const LISTING_BYTES: usize = 0x1fff0
/** What the host has to give. */
export const ROOM_BYTES: usize = 0x60000

// A folder above a record: prefix length u32, first record u32, address of the prefix u64 (used as u32), sum of the hashes
// of names that records name u64, of those that were listed u64, 1 if they were listed u32.
const LEVEL_BYTES: usize = 40
/** A path has at most 4,095 bytes, so at most 2,047 slashes. */
const MOST_LEVELS: u32 = 2_500
/** Of 12 bytes each. */
const MOST_EVENTS: u32 = 10_000

/** What could not be proven. Three u32: kind, place of a record, length of the folder's path. */
export const DIFFERS: u32 = 0
export const NO_FOLDER: u32 = 1
export const OTHER_NAMES: u32 = 2

// WASI preview 1.
const OPEN_DIRECTORY: i32 = 2
const RIGHT_READDIR: u64 = 1 << 14
const DIRECTORY: u8 = 3
const REGULAR_FILE: u8 = 4
const ENTRY_BYTES: usize = 24

const SLASH: u8 = 0x2f
const DOT_BYTE: u8 = 0x2e
/** `.git`, `.flo` */
const DOT_GIT: u32 = 0x7469672e
const DOT_FLO: u32 = 0x6f6c662e

let table: usize = 0
let count: u32 = 0
let room: usize = 0
let root: i32 = 0
let seed: u64 = 0
let depth: u32 = 0
let eventCount: u32 = 0
/** Offsets lead out of the records, or there is more to say than room. */
let isLost: bool = false

/** @param length - of the stat cache, at address 0
 *  @param at - of the room
 *  @param fd - of the folder that paths begin at
 *  @param secret - unknown to whoever chose the names
 *  @returns how many records there are, or -1 */
export function open(length: usize, at: usize, fd: i32, secret: u64): i32 {
  if (length < <usize>MAGIC_BYTES + TRAILER_BYTES) return -1
  const records = load<u64>(length - TRAILER_BYTES)
  if (records >= 1 << 28 || records * 8 + MAGIC_BYTES + <u64>TRAILER_BYTES > <u64>length) return -1
  count = <u32>records
  table = length - TRAILER_BYTES - 8 * <usize>count
  room = at
  root = fd
  seed = secret
  return <i32>count
}

/** Address of a record that lies within the file whole; 0 and lost if it does not. */
function recordAt(index: u32): usize {
  const offset = load<u64>(table + 8 * <usize>index)
  if (offset < MAGIC_BYTES || offset > <u64>table - 4) return lost()
  const at = <usize>offset
  if (at + 4 + <usize>load<u16>(at) + <usize>load<u16>(at, 2) > table) return lost()
  return at
}

function lost(): usize {
  isLost = true
  return 0
}

/** Looks at records of `from` up to `to`, and at the folders that none before `from` lies in.
 *  @returns how many events stand in the room, or -1 if somebody else has to look at all */
export function prove(from: u32, to: u32): i32 {
  isLost = false
  eventCount = 0
  depth = 0
  resume(from)
  for (let index = from; index < to && !isLost; index++) {
    const record = recordAt(index)
    if (record == 0) break
    const length = <u32>load<u16>(record)
    const path = record + 4
    let slash = length
    while (slash > 0 && load<u8>(path + slash - 1) != SLASH) slash--
    let top = level(depth - 1)
    if (load<u32>(top) != slash || !startsWith(path, length, top)) {
      enter(path, length, slash, index)
      if (isLost) break
      top = level(depth - 1)
    }
    if (load<u32>(top, 32) != 0) store<u64>(top, load<u64>(top, 16) + hash(path + slash, length - slash), 16)
    if (!isSame(record, path, length)) event(DIFFERS, index, 0)
  }
  for (let next = to; depth > 0 && !isLost; ) next = leave(next)
  return isLost ? -1 : <i32>eventCount
}

/** Address of what could not be proven. */
export function events(): usize {
  return room + EVENTS
}

function isSame(record: usize, path: usize, length: u32): bool {
  if (load<u16>(record, 2) != <u16>RECORD_BYTES) return false
  if (pathStat(root, 0, path, length, room) != 0) return false
  const recorded = path + length
  return (
    load<u8>(room, 16) == REGULAR_FILE &&
    load<u64>(room, 32) == load<u64>(recorded) &&
    load<u64>(room, 48) == load<u64>(recorded, 8) &&
    load<u64>(room, 56) == load<u64>(recorded, 16) &&
    load<u64>(room, 8) == load<u64>(recorded, 24)
  )
}

// @ts-ignore: decorator
@inline
function level(at: u32): usize {
  return room + LEVELS + LEVEL_BYTES * <usize>at
}

function event(kind: u32, index: u32, folderBytes: u32): void {
  if (eventCount == MOST_EVENTS) {
    isLost = true
    return
  }
  const at = room + EVENTS + 12 * <usize>eventCount
  eventCount++
  store<u32>(at, kind)
  store<u32>(at, index, 4)
  store<u32>(at, folderBytes, 8)
}

function push(prefix: usize, length: u32, first: u32): usize {
  if (depth == MOST_LEVELS) isLost = true
  const at = level(isLost ? 0 : depth)
  depth++
  store<u32>(at, length)
  store<u32>(at, first, 4)
  store<u64>(at, <u64>prefix, 8)
  store<u64>(at, 0, 16)
  store<u64>(at, 0, 24)
  store<u32>(at, 0, 32)
  return at
}

/** The folders that the record before lies in are looked at by whoever has that one. */
function resume(from: u32): void {
  const top = push(0, 0, 0)
  if (from == 0) {
    store<u8>(room + DOT, DOT_BYTE)
    list(top, room + DOT, 1)
    return
  }
  const record = recordAt(from - 1)
  if (record == 0) return
  const length = <u32>load<u16>(record)
  for (let i: u32 = 0; i < length && !isLost; i++)
    if (load<u8>(record + 4 + i) == SLASH) push(record + 4, i + 1, from - 1)
}

/** Leaves and enters folders, until the one that a record lies in, whose path with its slash has `to` bytes. */
function enter(path: usize, length: u32, to: u32, index: u32): void {
  while (depth > 1 && !startsWith(path, length, level(depth - 1)) && !isLost) leave(index)
  let top = level(depth - 1)
  while (load<u32>(top) < to && !isLost) {
    const begin = load<u32>(top)
    let slash = begin
    while (load<u8>(path + slash) != SLASH) slash++
    if (load<u32>(top, 32) != 0) store<u64>(top, load<u64>(top, 16) + hash(path + begin, slash - begin), 16)
    if (pathStat(root, 0, path, slash, room) != 0 || load<u8>(room, 16) != DIRECTORY) event(NO_FOLDER, index, slash)
    top = push(path, slash + 1, index)
    list(top, path, slash)
  }
}

/** @param next - the first record that has not been looked at: it may lie below the folder still
 *  @returns the first record that does not */
function leave(next: u32): u32 {
  const at = level(depth - 1)
  const after = load<u32>(at, 32) == 0 ? end(at, next) : addRest(at, next)
  depth--
  return after
}

/** Adds the names in a folder that records from `next` on name, and compares. */
function addRest(at: usize, next: u32): u32 {
  const prefix = load<u32>(at)
  while (next < count) {
    const record = recordAt(next)
    if (record == 0) return next
    const length = <u32>load<u16>(record)
    const path = record + 4
    if (!startsWith(path, length, at)) break
    let slash = prefix
    while (slash < length && load<u8>(path + slash) != SLASH) slash++
    store<u64>(at, load<u64>(at, 16) + hash(path + prefix, slash - prefix), 16)
    if (slash == length) next++
    else {
      const below = push(path, slash + 1, next)
      if (isLost) return next
      depth--
      next = end(below, next)
    }
  }
  if (load<u64>(at, 16) != load<u64>(at, 24)) event(OTHER_NAMES, load<u32>(at, 4), prefix > 0 ? prefix - 1 : 0)
  return next
}

/** The first record at or after `from` that is not below a folder; all below it adjoin. */
function end(folder: usize, from: u32): u32 {
  if (!isBelow(folder, from)) return from
  let low = from
  let step: u32 = 1
  for (; isBelow(folder, low + step); step *= 2) low += step
  let high = low + step
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (isBelow(folder, middle)) low = middle
    else high = middle
  }
  return high
}

function isBelow(folder: usize, index: u32): bool {
  if (index >= count) return false
  const record = recordAt(index)
  return record != 0 && startsWith(record + 4, load<u16>(record), folder)
}

function startsWith(path: usize, length: u32, folder: usize): bool {
  const prefix = load<u32>(folder)
  return length >= prefix && memory.compare(path, <usize>load<u64>(folder, 8), prefix) == 0
}

/** Adds up the names in a folder. Where it cannot be listed, they are other names. */
function list(at: usize, path: usize, length: u32): void {
  const opened = room + ANSWER
  if (pathOpen(root, 0, path, length, OPEN_DIRECTORY, RIGHT_READDIR, 0, 0, opened) != 0)
    return event(OTHER_NAMES, load<u32>(at, 4), length * u32(load<u32>(at) > 0))
  const fd = load<i32>(opened)
  const listing = room + LISTING
  let sum: u64 = 0
  let cookie: u64 = 0
  let error = 0
  for (;;) {
    error = readDirectory(fd, listing, LISTING_BYTES, cookie, opened)
    if (error != 0) break
    const used = min(<usize>load<u32>(opened), LISTING_BYTES)
    const before = cookie
    for (let entry: usize = 0; entry + ENTRY_BYTES <= used; ) {
      const name = listing + entry + ENTRY_BYTES
      const bytes = load<u32>(listing + entry, 16)
      if (<u64>entry + ENTRY_BYTES + <u64>bytes > <u64>used) break
      cookie = load<u64>(listing + entry)
      entry += ENTRY_BYTES + bytes
      if (load<u8>(name) != DOT_BYTE || !isPassedOver(name, bytes)) sum += hash(name, bytes)
    }
    if (used < LISTING_BYTES) break
    // A listing that leads nowhere must not hang.
    if (cookie == before) {
      error = 1
      break
    }
  }
  close(fd)
  if (error != 0) return event(OTHER_NAMES, load<u32>(at, 4), length * u32(load<u32>(at) > 0))
  store<u64>(at, sum, 24)
  store<u32>(at, 1, 32)
}

/** True for the folder itself, the one above, and for names in ../../own-names.ts; a few of those are not worth the code. */
function isPassedOver(name: usize, length: u32): bool {
  if (length == 1) return true
  if (length == 2) return load<u8>(name, 1) == DOT_BYTE
  if (length == 4) return load<u32>(name) == DOT_GIT
  return length == 5 && load<u32>(name) == DOT_FLO && load<u8>(name, 4) == 0x65
}

/** Sums of it are equal for equal sets of names, and for others with a chance of 2^-64. */
function hash(name: usize, length: u32): u64 {
  let h = seed ^ (<u64>length * 0x9e3779b97f4a7c15)
  while (length >= 8) {
    h = mixed(h ^ load<u64>(name))
    name += 8
    length -= 8
  }
  // Names stand amid other bytes, so that this reads nothing that is not there.
  if (length > 0) h ^= load<u64>(name) & ((<u64>1 << (8 * length)) - 1)
  return mixed(h)
}

// The finaliser of MurmurHash3.
// @ts-ignore: decorator
@inline
function mixed(h: u64): u64 {
  h = (h ^ (h >>> 33)) * 0xff51afd7ed558ccd
  h = (h ^ (h >>> 33)) * 0xc4ceb9fe1a85ec53
  return h ^ (h >>> 33)
}
