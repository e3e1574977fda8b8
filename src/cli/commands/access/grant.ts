import { accessCommand } from '../../access-command.ts'

export const accessGrant = accessCommand('grant')
