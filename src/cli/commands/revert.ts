import { pickCommand } from '../pick-command.ts'

export const revert = pickCommand('revert')
