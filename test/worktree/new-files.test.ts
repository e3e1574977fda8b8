import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { NewFiles, type WantedFile } from '../../src/worktree/new-files.ts'

let tmpDir: string
beforeEach(() => {
  tmpDir = mkdtempSync(join(tmpdir(), 'floe-new-'))
})
afterEach(() => rmSync(tmpDir, { recursive: true }))

function wanted(path: string, changes: Partial<WantedFile> & { bytes?: number } = {}): WantedFile {
  const fileId = sha256Hex(new TextEncoder().encode(path)) as ObjectId
  const { bytes = 10, isNew = true, isFolderNew = true } = changes
  const content = { kind: 'chunk', id: fileId } as const
  return { entry: { path, kind: 'file', executable: false, bytes, fileId, content }, isNew, isFolderNew }
}
/** Paths that go to threads, and those of them that go into folders nobody sees yet. */
function planned(files: readonly WantedFile[]) {
  const plan = new NewFiles(files, tmpDir)
  const entries = files.map(({ entry }) => entry).filter((entry) => plan.has(entry))
  const hidden = entries.filter((entry) => plan.folderOf(entry))
  return { threads: entries.map(({ path }) => path), hidden: hidden.map(({ path }) => path) }
}

describe('the new files of a checkout', () => {
  it('go into a folder nobody sees if all of it is new', () => {
    const files = [wanted('a/1'), wanted('a/2'), wanted('b/c/1'), wanted('top', { isFolderNew: false })]
    expect(planned(files)).toEqual({ threads: ['a/1', 'a/2', 'b/c/1', 'top'], hidden: ['a/1', 'a/2', 'b/c/1'] })
    // One for each folder, not for each file.
    expect(readdirSync(tmpDir).length).toBe(2)
  })

  it('do not where the folder is there, holds folders, or something that threads do not write', () => {
    expect(planned([wanted('a/1', { isFolderNew: false })]).hidden).toEqual([])
    expect(planned([wanted('a/1'), wanted('a/b/c/1'), wanted('a/z')]).hidden).toEqual(['a/b/c/1'])
    expect(planned([wanted('a/1'), wanted('a/large', { bytes: 2 ** 20 })])).toEqual({ threads: ['a/1'], hidden: [] })
    expect(planned([wanted('a/1'), wanted('a/2', { isNew: false })])).toEqual({ threads: ['a/1'], hidden: [] })
    // Not together, as no version has them.
    expect(planned([wanted('a/1'), wanted('b/1'), wanted('a/2')]).hidden).toEqual(['b/1'])
  })

  it('do not if a cut-off checkout would lose much of them', () => {
    const many = Array.from({ length: 4097 }, (_, i) => wanted(`a/${i}`))
    expect(planned(many)).toEqual({ threads: many.map(({ entry }) => entry.path), hidden: [] })
    expect(planned(many.slice(1)).hidden.length).toBe(4096)
    const heavy = Array.from({ length: 300 }, (_, i) => wanted(`a/${i}`, { bytes: 256 * 1024 }))
    expect(planned(heavy).hidden).toEqual([])
  })

  it('go to no thread if another name may be taken for theirs', () => {
    expect(planned([wanted('a/X'), wanted('a/x'), wanted('a/y'), wanted('b/é'), wanted('b/e\u0301')])).toEqual({
      threads: ['a/y'],
      hidden: [],
    })
  })
})
