import { verbCrashTests } from './verbs-crash.ts'

verbCrashTests(1)
