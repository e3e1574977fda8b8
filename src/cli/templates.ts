/** `floe init --template`: copies a folder of templates/ into a new workspace. */

import { constants } from 'node:fs'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../base/errors.ts'

const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url))

/** Copies the template's files and gives their paths in the workspace. `_floeignore` becomes `.floeignore`: npm leaves
 *  dot files of templates out of a package. An existing file is never overwritten.
 *  @throws {UsageError} TEMPLATE_UNKNOWN, TEMPLATE_FILE_EXISTS */
export async function copyTemplate(name: string, root: string): Promise<string[]> {
  const known = (await readdir(TEMPLATES, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
  if (!known.includes(name))
    throw new UsageError('TEMPLATE_UNKNOWN', `there is no template "${name}"`, {
      hints: [`templates: ${known.sort().join(', ')}`],
    })
  const from = join(TEMPLATES, name)
  const files = (await readdir(from, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
    .sort()
  const copied: string[] = []
  for (const file of files) {
    const target = file
      .split(sep)
      .map((part) => part.replace(/^_/, '.'))
      .join(sep)
    await mkdir(dirname(join(root, target)), { recursive: true })
    try {
      await copyFile(join(from, file), join(root, target), constants.COPYFILE_EXCL)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      throw new UsageError('TEMPLATE_FILE_EXISTS', `${target} exists already`, {
        data: { path: target },
        hints: ['start a template in an empty directory'],
      })
    }
    copied.push(target.split(sep).join('/'))
  }
  return copied
}
