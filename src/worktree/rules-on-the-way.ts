/** Which rules of `.floeignore` hold in a folder, for who has paths rather than a walk. */

import type { FileSystem } from '../store/file-system.ts'
import { type IgnoreRules, noRules, readIgnoreRules } from './ignore-rules.ts'

/** Ignore rules of folders that are asked for in path order, or nearly so: those above the last one are kept. */
export class RulesOnTheWay {
  readonly #fs: FileSystem
  readonly #root: string
  #levels: { folder: string; rules: IgnoreRules | undefined }[] = []

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs
    this.#root = root
  }

  /** Undefined if the folder is ignored, or is none, or lies behind a link.
   *  @throws {UnreadableError} WORKTREE_UNREADABLE */
  of(folder: string): IgnoreRules | undefined {
    const segments = folder === '' ? [] : folder.split('/')
    let at = ''
    let rules: IgnoreRules | undefined = noRules
    for (let depth = 0; depth <= segments.length; depth++) {
      if (depth > 0) at = depth === 1 ? segments[0]! : `${at}/${segments[depth - 1]}`
      const level = this.#levels[depth]
      if (level?.folder !== at) {
        this.#levels.length = depth
        this.#levels.push({ folder: at, rules: this.#within(at, rules) })
      }
      rules = this.#levels[depth]!.rules
      if (!rules) return undefined
    }
    return rules
  }

  /** Whether a file is excluded, or lies in a folder that is.
   *  @throws {UnreadableError} WORKTREE_UNREADABLE */
  excludes(path: string): boolean {
    const slash = path.lastIndexOf('/')
    return this.of(slash < 0 ? '' : path.slice(0, slash))?.ignores(path, false) ?? true
  }

  #within(folder: string, above: IgnoreRules): IgnoreRules | undefined {
    if (folder !== '') {
      if (this.#fs.stat(`${this.#root}/${folder}`)?.kind !== 'directory') return undefined
      if (above.ignores(folder, true)) return undefined
    }
    return readIgnoreRules(this.#fs, this.#root, folder, above)
  }
}
