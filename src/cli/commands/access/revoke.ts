import { accessCommand } from '../../access-command.ts'

export const accessRevoke = accessCommand('revoke')
