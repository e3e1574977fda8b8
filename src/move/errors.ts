import { FloeError, IntegrityError } from '../base/errors.ts'

/** Bytes that should be a compiled Move module are not one. */
export class MoveBytecodeError extends IntegrityError {
  override name = 'MoveBytecodeError'
  constructor(detail: string) {
    super('MOVE_BYTECODE_MALFORMED', `malformed Move module: ${detail}`, { data: { detail } })
  }
}

/** A package of this project did not compile. */
export class MoveCompileError extends FloeError {
  override name = 'MoveCompileError'
  constructor(packageName: string, output: string) {
    super('other', 'MOVE_COMPILE_FAILED', `the Move package ${packageName} did not compile:\n${output}`, {
      data: { package: packageName },
      hints: ['correct the source and run `node src/move/build.ts` again'],
    })
  }
}

/** A Move source breaks a rule of this project. */
export class MoveSourceError extends FloeError {
  override name = 'MoveSourceError'
  constructor(detail: string) {
    super('other', 'MOVE_SOURCE_INVALID', detail, { data: { detail } })
  }
}
