import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/crypto/hash.ts'
import { catFile } from '../../src/repo/cat.ts'
import { logOf } from '../../src/repo/log.ts'
import { listFiles } from '../../src/repo/ls.ts'
import { statusOf } from '../../src/repo/status.ts'
import { switchTo } from '../../src/repo/switch.ts'
import { verifyLocal } from '../../src/repo/verify-local.ts'
import { openWorkspace } from '../../src/store/workspace.ts'
import { collect, filesOf } from '../repo/temporary-workspace.ts'

interface Golden {
  expected: { first: string; second: string; bigSha256: string }
  files: Record<string, string>
}

const golden = JSON.parse(
  readFileSync(new URL('../vectors/store/workspace-v1.json', import.meta.url), 'utf8'),
) as Golden

describe('a workspace written by format version 1', () => {
  it('is read for ever: refs, logs, staging, commits and every byte', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'floe-golden-'))
    try {
      for (const [path, contents] of Object.entries(golden.files)) {
        mkdirSync(dirname(join(dir, path)), { recursive: true })
        writeFileSync(join(dir, path), Buffer.from(contents, 'base64'))
      }
      await using workspace = await openWorkspace(dir)
      const { first, second, bigSha256 } = golden.expected
      expect((await logOf(workspace)).map((record) => [record.commit, record.refs])).toEqual([
        [second, ['HEAD', 'main']],
        [first, ['side', 'tag: v1']],
      ])
      expect(workspace.refs.reflog('heads/main').map((entry) => entry.new)).toEqual([second, first])
      expect((await statusOf(workspace)).staged.map(({ status, path }) => `${status} ${path}`)).toEqual([
        'added staged',
      ])
      const [record] = await logOf(workspace, { revisions: ['v1'] })
      const note = await workspace.store.readLocal('attachment', record!.attachments.note!)
      expect(Buffer.from(note).toString()).toBe('kept')
      expect((await collect(listFiles(workspace, { revision: 'v1' }))).map(({ path }) => path)).toEqual([
        'alpha.txt',
        'data/big.bin',
        'empty',
        'link',
      ])
      const big = Buffer.concat(await collect(catFile(workspace, { path: 'data/big.bin' })))
      expect(sha256Hex(big)).toBe(bigSha256)
      await verifyLocal(workspace, { full: true })
      await switchTo(workspace, { target: 'side', force: true })
      expect(filesOf(dir)).toEqual({
        'alpha.txt': 'alpha\n',
        'data/big.bin': big.toString('latin1'),
        empty: '',
        link: '-> alpha.txt',
      })
    } finally {
      rmSync(dir, { recursive: true })
    }
  })
})
