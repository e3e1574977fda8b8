import { rebaseCrashTests } from './rebase-crash.ts'

rebaseCrashTests(29)
