import { describe } from 'vitest'
import { inPlaceSurvivesCuts, inPlaceSurvivesFullDisk } from './in-place-crash.ts'

describe('a power cut at every step', { timeout: 600_000 }, () => inPlaceSurvivesCuts(1))

describe('a full disk at every call', { timeout: 600_000 }, () => inPlaceSurvivesFullDisk(1))
