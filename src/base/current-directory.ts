/** The folder that the program runs in, which somebody may have removed meanwhile. Imports nothing: `bin.ts` needs it first. */

/** Undefined where it is gone: then the system cannot tell its name. */
export function currentDirectory(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}
