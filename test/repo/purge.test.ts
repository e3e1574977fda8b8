import { describe, expect, it } from 'vitest'
import { readCommit } from '../../src/history/commits.ts'
import type { ObjectId } from '../../src/objects/id.ts'
import { ObjectSet } from '../../src/objects/object-set.ts'
import { walkTreeNodes } from '../../src/objects/tree.ts'
import type { TreeEntry, TreeNode } from '../../src/objects/tree-node.ts'
import { add } from '../../src/repo/add.ts'
import { createBranch } from '../../src/repo/branch.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { merge } from '../../src/repo/merge.ts'
import { findDoomed } from '../../src/repo/purge-contents.ts'
import { dropPurged, moveToNewHistory } from '../../src/repo/purge-local.ts'
import { writeRemote } from '../../src/repo/remote.ts'
import { removeObjects } from '../../src/repo/repack.ts'
import { reset } from '../../src/repo/reset.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { memoryWorkspace } from './memory-workspace.ts'
import { holds, options, prepared, purgeAtEveryCut, purged, SECRET } from './purged-workspace.ts'
import { author } from './temporary-workspace.ts'

describe('purging a path', () => {
  it('makes history again without it, and keeps all else: authors, times, messages, logs, stashes', async () => {
    const ws = await prepared()
    const { workspace } = ws
    await switchTo(workspace, { target: 'dev' })
    ws.write('side', 'line')
    await ws.commitAll('side')
    await switchTo(workspace, { target: 'main' })
    await merge(workspace, { revision: 'dev', author })
    const before = await logOf(workspace)
    const plain = workspace.refs.read('heads/plain')
    expect(await holds(workspace, ws.fs)).toBe(true)
    const { history, packs } = await purged(workspace)
    expect(packs).toBeGreaterThan(0)
    expect(await holds(workspace, ws.fs)).toBe(false)
    const after = await logOf(workspace)
    const told = (list: typeof before) => list.map(({ message, author: by, timeMs }) => ({ message, by, timeMs }))
    // The version that changed nothing else has gone.
    expect(told(after)).toEqual(told(before.filter(({ message }) => message !== 'nothing else')))
    expect(workspace.refs.read('heads/plain')).toBe(plain)
    expect(history.moves.map(({ ref }) => ref)).toEqual(['heads/dev', 'heads/main', 'stash/000000001', 'tags/v1'])
    const paths: string[] = []
    for await (const { path } of listFiles(workspace, {})) paths.push(path)
    expect(paths).toEqual(['copy of a part', 'side', 'text'])
    expect(await statusOf(workspace)).toMatchObject({ clean: true })
    await verifyLocal(workspace, { full: true })
    for (const name of ['HEAD', 'heads/main', 'tags/v1'])
      for (const { new: id } of workspace.refs.reflog(name)) expect(await workspace.store.has('commit', id!)).toBe(true)
  })

  it('leaves what other paths hold as well, and files that are in no version', async () => {
    const ws = await memoryWorkspace()
    ws.write('secret/a', SECRET)
    ws.write('kept', SECRET)
    await ws.commitAll('both')
    ws.write('secret/new', 'untracked')
    const { files, doomed } = await ws.workspace.withLock('purge', () => moveToNewHistory(ws.workspace, options))
    expect(files).toMatchObject({ items: [{ path: 'secret/a' }], left: ['secret/new'] })
    expect(doomed).toMatchObject({ contents: 0 })
    expect(doomed.shared).toBeGreaterThan(0)
    expect(await holds(ws.workspace, ws.fs)).toBe(true)
    await verifyLocal(ws.workspace, { full: true })
  })

  async function withStagedSecret() {
    const ws = await memoryWorkspace()
    ws.write('text', 'one')
    await ws.commitAll('base')
    ws.write('secret', SECRET)
    await add(ws.workspace, { paths: ['secret'] })
    expect(await holds(ws.workspace, ws.fs)).toBe(true)
    return ws
  }

  it('takes away what is staged and in no version', async () => {
    const { workspace, fs } = await withStagedSecret()
    expect((await purged(workspace)).packs).toBeGreaterThan(0)
    expect(await holds(workspace, fs)).toBe(false)
    expect(await statusOf(workspace)).toMatchObject({ clean: true })
  })

  it('leaves what somebody has staged elsewhere meanwhile', async () => {
    const { workspace, write } = await withStagedSecret()
    const moved = await workspace.withLock('purge', () => moveToNewHistory(workspace, options))
    expect(moved.doomed.contents).toBeGreaterThan(0)
    write('elsewhere', SECRET)
    await add(workspace, { paths: ['elsewhere'] })
    await workspace.withLock('purge', () => dropPurged(workspace, moved, options))
    await verifyLocal(workspace, { full: true })
  })

  it('moves what an import brought as well, of which no remote can be asked, and nothing that a remote has', async () => {
    const ws = await memoryWorkspace()
    const { workspace } = ws
    ws.write('secret', SECRET)
    ws.write('text', 'one')
    const { commit } = await ws.commitAll('both')
    await writeRemote(workspace, 'origin', `localnet:0x${'1'.repeat(64)}`)
    for (const name of ['remotes/old/main', 'remotes/origin/main'])
      await workspace.refs.update({ name, next: commit, reason: 'test' })
    const { history } = await purged(workspace)
    expect(history.moves.map(({ ref }) => ref)).toEqual(['heads/main', 'remotes/old/main'])
    expect(workspace.refs.read('remotes/old/main')).toBe(workspace.refs.headCommit())
    expect(workspace.refs.read('remotes/origin/main')).toBe(commit)
    expect(await holds(workspace, ws.fs)).toBe(false)
  })

  it('goes on beside what is not here, as in a sparse workspace, and says how much it could not look into', async () => {
    const ws = await memoryWorkspace()
    const { workspace } = ws
    ws.write('text', 'one')
    const { commit: base } = await ws.commitAll('base')
    const names = Array.from({ length: 400 }, (_, i) => `secret/${String(i).padStart(4, '0')}`)
    for (const name of names) ws.write(name, `secret of ${name}`)
    ws.write('secret/large', Array.from({ length: 40 }, (_, i) => `${SECRET}${i}`).join(''))
    await ws.commitAll('secrets')
    // The version is in the store, and nothing leads to it: no history has to be made again.
    const { tree } = await readCommit(workspace.store.readLocal, workspace.refs.headCommit()!)
    const leaves: (TreeNode & { id: ObjectId })[] = []
    for await (const node of walkTreeNodes(workspace.store.readLocal, tree)) if (node.level === 0) leaves.push(node)
    await reset(workspace, { revision: base, mode: 'hard' })
    expect(leaves.length).toBeGreaterThan(2)
    const absent = new ObjectSet()
    absent.add('tree', leaves[1]!.id)
    const isLarge = ({ content }: TreeEntry) => content?.kind === 'map'
    for (const { content } of leaves.flatMap(({ entries }) => entries.filter(isLarge))) absent.add('map', content!.id)
    expect(absent.size).toBe(2)
    await workspace.withLock('test', () => removeObjects(workspace, absent, {}))
    const doomed = await findDoomed(workspace, workspace.store.readLocal, [base], options)
    const seen = leaves.flatMap(({ entries }, i) => (i === 1 ? [] : entries.filter((entry) => !isLarge(entry))))
    for (const { path, content } of seen)
      expect(doomed.objects.has('chunk', content!.id), path).toBe(path.startsWith('secret/'))
    expect(doomed.unseen.size).toBe(2)
    for (const { content } of leaves[1]!.entries) expect(doomed.objects.has('chunk', content!.id)).toBe(false)
  })

  it('is refused while an operation is under way', async () => {
    const ws = await memoryWorkspace()
    ws.write('text', '1')
    await ws.commitAll('base')
    await createBranch(ws.workspace, { name: 'dev' })
    ws.write('text', '2')
    await ws.commitAll('ours')
    await switchTo(ws.workspace, { target: 'dev' })
    ws.write('text', '3')
    await ws.commitAll('theirs')
    await merge(ws.workspace, { revision: 'main', author })
    await expect(purged(ws.workspace)).rejects.toMatchObject({ code: 'OPERATION_IN_PROGRESS' })
  })

  it('survives a power cut: nothing else is lost, and running it again finishes it', () => purgeAtEveryCut(48))
})
