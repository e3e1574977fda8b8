import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryWorkspace } from '../repo/temporary-workspace.ts'

it('the next one to lock a workspace removes what a killed checkout left: files, and folders nobody has seen', async () => {
  const { workspace, close } = await temporaryWorkspace()
  try {
    mkdirSync(join(workspace.tmpDir, 'folder-1-x-1'))
    writeFileSync(join(workspace.tmpDir, 'folder-1-x-1/half'), 'half')
    writeFileSync(join(workspace.tmpDir, 'folder-1-x-1/é'), 'half')
    writeFileSync(join(workspace.tmpDir, 'checkout1-1-x-2'), 'half')
    await workspace.withLock('test', async () => expect(readdirSync(workspace.tmpDir)).toEqual([]))
  } finally {
    await close()
  }
})
