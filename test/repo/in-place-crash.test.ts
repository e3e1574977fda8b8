import { describe } from 'vitest'
import { inPlaceSurvivesCuts } from './in-place-crash.ts'

describe('a power cut at some of the steps', () => inPlaceSurvivesCuts(37))
