import { it } from 'vitest'
import { purgeAtEveryCut } from './purged-workspace.ts'

it('a purge survives a power cut at any step, and running it again finishes it', { timeout: 600_000 }, () =>
  purgeAtEveryCut(1),
)
