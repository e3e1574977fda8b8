/** Asking `git` about a repository: with fixed arguments, one process per question, objects from `cat-file --batch`.
 *
 *  The folder of the repository is named outright, so git looks for none; protocols are off, so a partial clone cannot
 *  make it fetch; hooks, file-system monitor and the user's configuration are off (`environment`, `settings`). What it
 *  prints is from outside: counted, bounded, and every object hashed against its id. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { throwIfAborted } from '../base/abort.ts'
import { ForeignObjectCorruptError, GitFailedError } from './errors.ts'

export interface GitStart {
  /** The folder with `objects` and `refs`. */
  gitDir: string
  environment: Readonly<Record<string, string>>
  /** `key=value` settings that win over the repository's. */
  settings: readonly string[]
  signal?: AbortSignal | undefined
}

export interface GitObject {
  id: string
  type: string
  bytes: number
  /** To be read to the end before the next object is asked for. */
  pieces: AsyncIterable<Uint8Array>
}

const MAX_LINE_BYTES = 64 * 1024
const MAX_ERROR_TEXT = 2000
/** Requests that git may have before their answers are read. */
const MAX_OUTSTANDING = 512
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

function start({ gitDir, environment, settings }: GitStart, args: readonly string[]): ChildProcessWithoutNullStreams {
  const switches = settings.flatMap((setting) => ['-c', setting])
  return spawn('git', [...switches, `--git-dir=${gitDir}`, ...args], {
    // Not in the repository: a search path may have a place for the current folder, and Windows looks there first.
    cwd: dirname(process.execPath),
    stdio: 'pipe',
    windowsHide: true,
    env: {
      ...environment,
      // No protocol: nothing is fetched, whatever the repository lacks. Its replacements are not its history.
      GIT_ALLOW_PROTOCOL: 'none',
      GIT_NO_LAZY_FETCH: '1',
      GIT_NO_REPLACE_OBJECTS: '1',
    },
  })
}

interface Running {
  child: ChildProcessWithoutNullStreams
  /** Resolves when it has ended well.
   *  @throws {GitFailedError} */
  ended: Promise<void>
}

function run(options: GitStart, args: readonly string[]): Running {
  const child = start(options, args)
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, MAX_ERROR_TEXT)
  })
  // Its end is what counts: a broken pipe alone says nothing.
  child.stdin.on('error', () => {})
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  ended.catch(() => {})
  child.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      reject(
        new GitFailedError('IMPORT_GIT_ABSENT', 'git is needed to read a git repository, and is not here', {}, [
          'install git, then run the same command again',
        ]),
      )
    else reject(error)
  })
  child.once('close', (status) => {
    if (status === 0) resolve()
    else
      reject(
        new GitFailedError(
          'IMPORT_GIT_FAILED',
          `git ${args[0]} failed: ${complaint.trim().split('\n')[0] || `exit status ${status}`}`,
          { command: args[0], status, gitDir: options.gitDir, text: complaint.trim() },
          [`\`git --git-dir=${options.gitDir} fsck\` says more`],
        ),
      )
  })
  return { child, ended }
}

function lineTooLong({ gitDir }: GitStart, command: string): GitFailedError {
  const limit = MAX_LINE_BYTES / 1024
  const data = { command, gitDir, limitBytes: MAX_LINE_BYTES }
  return new GitFailedError('IMPORT_GIT_LINE', `git ${command} prints a line of more than ${limit} KiB`, data, [
    `a name, a path or a list of parents is that long: \`git --git-dir=${gitDir} ${command}\` shows it`,
    'rename or delete it at the source, or import a clone without it (`git clone --single-branch`)',
  ])
}

/** Lines that a git command prints, as bytes decoded one by one.
 *  @param input - its standard input
 *  @throws {GitFailedError} IMPORT_GIT_ABSENT, IMPORT_GIT_FAILED, IMPORT_GIT_LINE */
export async function* gitLines(
  options: GitStart,
  args: readonly string[],
  input: Iterable<string> = [],
): AsyncGenerator<string> {
  const { child, ended } = run(options, args)
  try {
    for (const line of input) child.stdin.write(`${line}\n`)
    child.stdin.end()
    let rest = ''
    for await (const piece of child.stdout) {
      throwIfAborted(options.signal)
      const lines = (rest + (piece as Buffer).toString('latin1')).split('\n')
      rest = lines.pop()!
      // The first may have come in many pieces, whether its end has come or not.
      if ((lines[0] ?? rest).length > MAX_LINE_BYTES) throw lineTooLong(options, args[0]!)
      yield* lines
    }
    if (rest !== '') yield rest
    await ended
  } finally {
    child.kill()
  }
}

/** Objects of a repository by id. */
export interface GitObjects extends AsyncDisposable {
  /** The objects in the order of their ids; their contents are hashed while they are read.
   *  @throws {ForeignObjectCorruptError} IMPORT_OBJECT_CORRUPT, also if one is not there */
  each(ids: Iterable<string>): AsyncGenerator<GitObject>
  /** One object in memory.
   *  @param name - an id, or anything git finds one by
   *  @returns undefined if there is none */
  read(name: string, type: string, maxBytes: number): Promise<{ id: string; bytes: Uint8Array } | undefined>
}

const FSCK_HINT = '`git fsck` in the source names everything that is damaged or missing'

export function openGitObjects(options: GitStart): GitObjects {
  let process: (Running & { source: ReturnType<typeof createByteSource> }) | undefined
  // Not before something is asked: many an import finds that there is nothing to read.
  const begun = () => {
    if (!process) {
      const running = run(options, ['cat-file', '--batch'])
      const tooLong = () => lineTooLong(options, 'cat-file')
      process = { ...running, source: createByteSource(running.child.stdout, tooLong) }
    }
    return process
  }
  const ask = (name: string) => begun().child.stdin.write(`${name}\n`)

  async function header(name: string): Promise<{ id: string; type: string; bytes: number } | undefined> {
    throwIfAborted(options.signal)
    const { source, ended } = begun()
    const line = await source.line(MAX_LINE_BYTES)
    if (line === undefined) {
      await ended
      throw new GitFailedError('IMPORT_GIT_FAILED', 'git ended too early', { command: 'cat-file' }, [FSCK_HINT])
    }
    const [id = '', type = '', size = ''] = line.split(' ')
    if (line.endsWith(' missing') || line.endsWith(' ambiguous')) return undefined
    if (!ID.test(id) || !/^\d{1,16}$/.test(size))
      throw new ForeignObjectCorruptError('git object', name, 'git cannot describe it', FSCK_HINT)
    return { id, type, bytes: Number(size) }
  }

  async function* contents(id: string, type: string, bytes: number): AsyncGenerator<Uint8Array> {
    const hash = createHash(id.length === 40 ? 'sha1' : 'sha256').update(`${type} ${bytes}\0`)
    const { source } = begun()
    for await (const piece of source.exactly(bytes)) {
      throwIfAborted(options.signal)
      hash.update(piece)
      yield piece
    }
    await drain(source.exactly(1))
    if (hash.digest('hex') !== id)
      throw new ForeignObjectCorruptError(`git ${type}`, id, 'its bytes hash to something else', FSCK_HINT)
  }

  return {
    async *each(ids) {
      const waiting: string[] = []
      const iterator = ids[Symbol.iterator]()
      const refill = () => {
        while (waiting.length < MAX_OUTSTANDING) {
          const next = iterator.next()
          if (next.done) return
          ask(next.value)
          waiting.push(next.value)
        }
      }
      for (refill(); waiting.length > 0; refill()) {
        const wanted = waiting.shift()!
        const found = await header(wanted)
        if (!found) throw new ForeignObjectCorruptError('git object', wanted, 'it is not there', FSCK_HINT)
        const pieces = contents(found.id, found.type, found.bytes)
        yield { ...found, pieces }
        await drain(pieces)
      }
    },
    async read(name, type, maxBytes) {
      ask(name)
      const found = await header(name)
      if (!found) return undefined
      if (found.type !== type || found.bytes > maxBytes)
        throw new ForeignObjectCorruptError(
          'git object',
          found.id,
          found.type === type ? `its ${found.bytes} bytes are more than ${maxBytes}` : `a ${found.type}, not a ${type}`,
          FSCK_HINT,
        )
      const pieces: Uint8Array[] = []
      for await (const piece of contents(found.id, found.type, found.bytes)) pieces.push(piece)
      return { id: found.id, bytes: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces) }
    },
    async [Symbol.asyncDispose]() {
      if (!process) return
      const { child, ended } = process
      child.stdin.end()
      child.stdout.destroy()
      child.kill()
      await ended.catch(() => {})
    },
  }
}

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of pieces);
}

/** A stream cut into lines and counted bytes.
 *  @param tooLong - what to throw at a line that is longer than whoever reads it allows */
function createByteSource(stream: NodeJS.ReadableStream, tooLong: () => Error) {
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let held: Buffer = Buffer.alloc(0)
  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done) return false
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value])
    return true
  }
  return {
    /** Undefined at the end of the stream. */
    async line(maxBytes: number): Promise<string | undefined> {
      for (;;) {
        const end = held.indexOf(LINE_FEED)
        if ((end < 0 ? held.length : end) > maxBytes) throw tooLong()
        if (end >= 0) {
          const line = held.toString('latin1', 0, end)
          held = held.subarray(end + 1)
          return line
        }
        if (!(await more())) return undefined
      }
    },
    /** So many bytes; fewer only if the stream ends. */
    async *exactly(bytes: number): AsyncGenerator<Buffer> {
      let left = bytes
      while (left > 0) {
        if (held.length === 0 && !(await more())) return
        const piece = held.subarray(0, left)
        held = held.subarray(piece.length)
        left -= piece.length
        yield piece
      }
    },
  }
}

const LINE_FEED = 0x0a
