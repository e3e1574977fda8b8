/** Node's compression, loaded when the first frame is read or written: a command that finds all as it was needs none. */

export function zstd(): typeof import('node:zlib') {
  return process.getBuiltinModule('node:zlib')
}
