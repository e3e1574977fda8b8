import { expect, it } from 'vitest'
import { FileSystemError } from '../../src/store/file-system.ts'

it('says in words what somebody can do something about, with what to do', () => {
  const errnos = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE']
  for (const errno of errnos) {
    const error = new FileSystemError(errno, 'open', '/w/.floe/lock')
    expect(error.message, errno).toMatch(/^[a-z][a-z -]+: open \/w\/\.floe\/lock$/)
    expect(error.hints, errno).toHaveLength(1)
    expect(error).toMatchObject({ exitCode: 1, data: { errno, path: '/w/.floe/lock' } })
  }
  expect(new FileSystemError('ENOSPC', 'write', '/w')).toMatchObject({ code: 'STORE_DISK_FULL', retryable: true })
  expect(new FileSystemError('EROFS', 'write', '/w')).toMatchObject({ code: 'STORE_IO', retryable: false })
  expect(new FileSystemError('EIO', 'read', '/w')).toMatchObject({ message: 'EIO: read /w', hints: [] })
})
