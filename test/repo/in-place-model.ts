/** Random work on files that hold their contents themselves, by commands of Floe and by somebody who knows nothing of it.
 *
 *  What holds after every step: a version gives the bytes that were committed or says which file lost them, never others. No
 *  command of Floe makes anything unreadable that was readable before it. What is unreadable, `status` shows. */

import fc from 'fast-check'
import { expect } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { findEntry } from '../../src/objects/tree.ts'
import { add } from '../../src/repo/add.ts'
import { commit } from '../../src/repo/commit.ts'
import { gc } from '../../src/repo/gc.ts'
import { move } from '../../src/repo/mv.ts'
import { reset } from '../../src/repo/reset.ts'
import { restore } from '../../src/repo/restore.ts'
import { remove } from '../../src/repo/rm.ts'
import { popStash, pushStash } from '../../src/repo/stash.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { readEntry } from '../../src/worktree/write-file.ts'
import { large } from './large-bytes.ts'
import { type MemoryWorkspace, memoryWorkspace, writeTo } from './memory-workspace.ts'
import { author } from './temporary-workspace.ts'

const IN_PLACE = 32 * 1024
const PATHS = ['a', 'd/b', 'd/c']
/** Some begin alike, so that chunks are shared. */
const CONTENTS = [0, 1, 2, 3].flatMap((seed) => [
  large(seed, 70_000),
  Buffer.concat([large(seed, 70_000), large(seed + 10, 50_000)]),
])
/** What a command may say that has nothing to do, or that is asked for too much. */
const REFUSALS = new Set([
  'COMMIT_NOTHING_STAGED',
  'WORKTREE_WOULD_OVERWRITE',
  'PATH_UNKNOWN',
  'MOVE_REFUSED',
  'REMOVE_REFUSED',
  'RM_REFUSED',
  'STASH_NOTHING',
  'STASH_UNKNOWN',
  'MERGE_CONFLICT',
  'STORE_HELD_LOST',
  'REF_EXISTS',
  'REVISION_UNKNOWN',
  'SWITCH_REFUSED',
])

type Step =
  | { by: 'somebody'; does: 'write' | 'append' | 'delete' | 'rename' | 'edit'; path: number; what: number }
  | {
      by: 'floe'
      does: 'in-place' | 'copy' | 'switch' | 'restore' | 'mv' | 'rm' | 'stash' | 'pop' | 'gc' | 'reset'
      path: number
      what: number
    }

const place = { path: fc.nat(PATHS.length - 1), what: fc.nat(CONTENTS.length - 1) }
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    by: fc.constant('somebody' as const),
    does: fc.constantFrom('write', 'write', 'append', 'delete', 'rename', 'edit' as const),
    ...place,
  }) as fc.Arbitrary<Step>,
  fc.record({
    by: fc.constant('floe' as const),
    does: fc.constantFrom(
      'in-place',
      'in-place',
      'in-place',
      'copy',
      'switch',
      'switch',
      'restore',
      'mv',
      'rm',
      'stash',
      'pop',
      'gc',
      'reset' as const,
    ),
    ...place,
  }) as fc.Arbitrary<Step>,
)

/** Commit → path → bytes. */
type Committed = Map<ObjectId, Map<string, string>>

export async function checkInPlaceModel(parameters: fc.Parameters<[Step[]]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 25 }), async (list) => {
      const ws = await memoryWorkspace()
      ws.write('text', 'x')
      await ws.commitAll('base')
      await switchTo(ws.workspace, { target: 'dev', create: true })
      const committed: Committed = new Map()
      let before = new Set<string>()
      for (const step of list) {
        ws.tick(1000)
        ws.fs.nowNs += 10n ** 9n
        if (step.by === 'somebody') somebody(ws, step)
        else await floe(ws, step, committed)
        const { readable, lost } = await look(ws, committed)
        if (step.by === 'floe')
          for (const key of before) expect(readable.has(key), `${step.does} lost ${key}`).toBe(true)
        if (lost.size > 0) {
          const shown = new Set((await statusOf(ws.workspace)).inPlace.map(({ path }) => path))
          for (const path of lost) expect(shown, 'what status shows').toContain(path)
        }
        before = readable
      }
      await ws.close()
    }),
    parameters,
  )
}

function somebody({ fs, files }: MemoryWorkspace, { does, path, what }: Extract<Step, { by: 'somebody' }>): void {
  const name = PATHS[path]!
  const there = files()[name]
  if (does === 'write') writeTo(fs, name, CONTENTS[what]!)
  if (there === undefined) return
  const bytes = Buffer.from(there, 'latin1')
  if (does === 'append') {
    const file = fs.open(`/ws/${name}`, 'append')
    file.write(CONTENTS[what]!.subarray(0, 20_000))
    file.close()
  } else if (does === 'delete') fs.unlink(`/ws/${name}`)
  else if (does === 'rename') {
    fs.makeDirectory('/ws/d')
    fs.rename(`/ws/${name}`, `/ws/${PATHS[what % PATHS.length]!}`)
  } else if (does === 'edit' && bytes.length > 0) {
    bytes[(what * 9973) % bytes.length]! ^= 1
    writeTo(fs, name, bytes)
  }
}

async function floe(ws: MemoryWorkspace, { does, path, what }: Extract<Step, { by: 'floe' }>, committed: Committed) {
  const { workspace } = ws
  const name = PATHS[path]!
  const sign = { author }
  try {
    if (does === 'in-place' || does === 'copy') {
      await add(workspace, { all: true, inPlace: does === 'in-place' ? IN_PLACE : false })
      const files = new Map(Object.entries(ws.files()))
      const { commit: id } = await commit(workspace, { ...sign, message: does })
      committed.set(id, files)
    } else if (does === 'switch')
      await switchTo(workspace, { target: what % 2 === 0 ? 'main' : 'dev', force: what > 3 })
    else if (does === 'restore') await restore(workspace, { paths: [name], source: what % 2 ? 'HEAD~1' : 'HEAD' })
    else if (does === 'mv')
      await move(workspace, { sources: [name], destination: PATHS[what % PATHS.length]!, force: what > 3 })
    else if (does === 'rm') await remove(workspace, { paths: [name], force: what > 3 })
    else if (does === 'stash') await pushStash(workspace, sign)
    else if (does === 'pop') await popStash(workspace)
    else if (does === 'gc') await gc(workspace, { graceMs: 0 })
    else if (does === 'reset') await reset(workspace, { revision: what % 2 ? 'HEAD~1' : 'HEAD', mode: 'hard' })
  } catch (error) {
    const { code } = error as { code?: string }
    if (!code || !REFUSALS.has(code)) throw error
  }
}

/** What can be read of all that was committed, and the files that are said to have lost the rest. */
async function look({ workspace }: MemoryWorkspace, committed: Committed) {
  const readable = new Set<string>()
  const lost = new Set<string>()
  const { readLocal, held } = workspace.store
  // What is open may be a file that somebody has replaced: it gives the right bytes, and is nobody's to count on.
  held.closeFiles()
  for (const [id, files] of committed) {
    const { tree } = await readCommit(readLocal, id)
    for (const [path, contents] of files) {
      const entry = (await findEntry(readLocal, tree, path))!
      const pieces: Uint8Array[] = []
      try {
        for await (const piece of readEntry(readLocal, entry)) pieces.push(piece)
      } catch (error) {
        const { code, data } = error as { code?: string; data: { path: string } }
        expect(code, String(error)).toBe('STORE_HELD_LOST')
        lost.add(data.path)
        continue
      }
      expect(Buffer.concat(pieces).toString('latin1') === contents, `the bytes of ${path}`).toBe(true)
      readable.add(`${id.slice(0, 8)}:${path}`)
    }
  }
  return { readable, lost }
}
