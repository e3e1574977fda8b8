import { appendFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { nodeFs } from '../../src/store/node-fs.ts'
import { hashFile } from '../../src/worktree/read-file.ts'
import { faultyFs, unreadableFs } from '../faults/faulty-fs.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'floe-read-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('reading a file', () => {
  it('gives what sha256sum prints, across pieces', async () => {
    for (const bytes of [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000]) {
      const contents = Buffer.alloc(bytes, 'floe')
      writeFileSync(join(dir, 'f'), contents)
      const { result, stat } = await hashFile(nodeFs, dir, 'f')
      expect(result).toBe(sha256Hex(contents))
      expect(stat.bytes).toBe(bytes)
    }
  })

  it('starts again when the file changes under it, and gives up on one that never rests', async () => {
    const path = join(dir, 'f')
    writeFileSync(path, 'start')
    let changes = 1
    const restless = faultyFs({
      open(at, mode) {
        const file = nodeFs.open(at, mode)
        return {
          ...file,
          read(buffer, position) {
            const count = file.read(buffer, position)
            if (changes-- > 0) appendFileSync(path, '+')
            return count
          },
          stat: () => file.stat(),
          close: () => file.close(),
        }
      },
    })
    expect((await hashFile(restless, dir, 'f')).result).toBe(sha256Hex(Buffer.from('start+')))
    changes = Number.POSITIVE_INFINITY
    await expect(hashFile(restless, dir, 'f')).rejects.toMatchObject({
      code: 'WORKTREE_FILE_CHANGED',
      data: { path: 'f' },
      retryable: true,
    })
  })

  it('names the file that cannot be read', async () => {
    writeFileSync(join(dir, 'secret'), '')
    await expect(
      hashFile(
        unreadableFs((path) => path.endsWith('secret')),
        dir,
        'secret',
      ),
    ).rejects.toMatchObject({
      code: 'WORKTREE_UNREADABLE',
      data: { path: 'secret', errno: 'EACCES' },
    })
    await expect(hashFile(nodeFs, dir, 'missing')).rejects.toMatchObject({ code: 'WORKTREE_UNREADABLE' })
  })

  it('does not follow a link that took the place of the file', async () => {
    symlinkSync('/etc/hostname', join(dir, 'f'))
    await expect(hashFile(nodeFs, dir, 'f')).rejects.toMatchObject({ code: 'WORKTREE_UNREADABLE' })
  })
})
