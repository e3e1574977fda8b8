import { describe } from 'vitest'
import { inPlaceSurvivesCuts } from './in-place-crash.ts'

describe('a power cut at every step', { timeout: 600_000 }, () => inPlaceSurvivesCuts(1))
