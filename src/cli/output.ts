/** All writing to the terminal: results on stdout, everything else on stderr (DESIGN §11). */

import { CancelledError, EXIT_CODES, FloeError } from '../base/errors.ts'

export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
}

export interface Output {
  readonly json: boolean
  /** True if stderr is a terminal that takes cursor movement. */
  readonly fancy: boolean
  readonly streams: Streams
  /** One line of the result. */
  result(line: string): void
  /** One line about what is going on. */
  status(line: string): void
  warn(line: string): void
  hint(line: string): void
}

/** Text from outside must not steer the terminal: control and bidirectional characters become U+FFFD (DESIGN §4). */
export function plainLine(text: string): string {
  return text.replace(STEERING, '\ufffd')
}

/** True if a terminal shows the text as it is. */
export function isPlainText(text: string): boolean {
  return text.search(STEERING) < 0
}

const STEERING = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

export function createOutput(
  streams: Streams,
  options: { json: boolean; quiet: boolean; env: Record<string, string | undefined> },
): Output {
  const { json, quiet, env } = options
  const fancy =
    Boolean(streams.stderr.isTTY) && !json && !quiet && env.TERM !== 'dumb' && !env.CI && !env.FLOE_NO_PROGRESS
  const toStderr = (line: string) => streams.stderr.write(`${plainLine(line)}\n`)
  return {
    json,
    fancy,
    streams,
    result: (line) => void (json || streams.stdout.write(`${plainLine(line)}\n`)),
    status: (line) => void (quiet || json || toStderr(line)),
    warn: (line) => void toStderr(`Warning: ${line}`),
    hint: (line) => void (quiet || json || toStderr(`Hint: ${line}`)),
  }
}

/** Causes below an error, each as one line; bounded, because a chain could be made circular. */
function causeLines(error: unknown): string[] {
  const lines: string[] = []
  let cause = error instanceof Error ? error.cause : undefined
  for (let depth = 0; cause instanceof Error && depth < 4; depth++) {
    if (cause.message) lines.push(cause.message.split('\n')[0]!)
    cause = cause.cause
  }
  return lines
}

/** What the file system says of a path, in words. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ELOOP: 'it goes through too many symbolic links',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'the file system is read-only',
}

/** A path that was typed and is not there is no bug; one that Floe made for itself is not as it should be. */
function fileError(error: unknown): FloeError | undefined {
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException
  const problem = code === undefined ? undefined : FILE_PROBLEMS[code]
  if (problem === undefined || path === undefined) return undefined
  const said = new FloeError('other', 'FILE_UNUSABLE', `${path}: ${problem}`, {
    data: { path, errno: code },
    hints: /[\\/]\.floe[\\/]/.test(path) ? ['it belongs to the workspace: `floe fsck` says whether that is whole'] : [],
  })
  // As a cause it would say the same again; what it knows beyond that is where it happened.
  said.stack = (error as Error).stack
  return said
}

/** Turns anything thrown into a FloeError: unexpected errors are bugs (exit 70), an abort is a cancellation (130). */
export function asFloeError(error: unknown): FloeError {
  if (error instanceof FloeError) return error
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError'))
    return new CancelledError(error)
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOSPC')
    return new FloeError('other', 'DISK_FULL', 'the disk is full', {
      hints: ['free some space and run the command again; nothing committed was lost'],
      retryable: true,
      cause: error,
    })
  if (code === 'EACCES' || code === 'EPERM')
    return new FloeError('other', 'PERMISSION_DENIED', String((error as Error).message), {
      hints: ['see whom it belongs to with `ls -ld`, and run the command again as someone who may'],
      cause: error,
    })
  if (code === 'EMFILE' || code === 'ENFILE')
    return new FloeError('other', 'TOO_MANY_OPEN_FILES', 'too many files are open', {
      hints: ['raise the limit, such as with `ulimit -n 4096`, and run the command again'],
      retryable: true,
      cause: error,
    })
  const file = fileError(error)
  if (file) return file
  const message = error instanceof Error ? error.message : String(error)
  return new FloeError('internal', 'INTERNAL', message || 'an unknown error', {
    hints: ['this is a bug in Floe; run again with FLOE_DEBUG=1 and report what it prints'],
    cause: error,
  })
}

/** Prints an error in its final form and gives the exit status. */
export function printError(error: FloeError, output: Output, debug: boolean): number {
  if (output.json) {
    const { kind, ...rest } = error.toJSON()
    output.streams.stdout.write(
      `${JSON.stringify({ ok: false, exitCode: error.exitCode, error: { kind, ...rest } })}\n`,
    )
  } else {
    const lines = [`Error: ${error.message}`]
    for (const cause of causeLines(error)) lines.push(`Caused by: ${cause}`)
    for (const hint of error.hints) lines.push(`Hint: ${hint}`)
    for (const line of lines) output.streams.stderr.write(`${plainLine(line)}\n`)
  }
  if (debug) output.streams.stderr.write(`${error.code}\n${error.stack ?? ''}\n`)
  return error.exitCode ?? EXIT_CODES.other
}
