import { pickCommand } from '../pick-command.ts'

export const cherryPick = pickCommand('cherry-pick')
