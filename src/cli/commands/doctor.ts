import { doctor as examine } from '../../repo/doctor.ts'
import { command } from '../command.ts'
import { formatTable } from '../text.ts'
import { inWorkspace } from '../workspace.ts'

export const doctor = command({
  define: (command) => command.addHelpText('after', '\nReads only. Exit status 1 if there is a problem.'),
  run: (context) =>
    inWorkspace(context, async (workspace) => {
      const findings = await examine(workspace, { homeDir: context.homeDir, signal: context.signal })
      return {
        data: { findings },
        lines: formatTable(findings.map(({ state, check, detail }) => [state, check, detail])),
        hints: findings.flatMap(({ check, advice }) => (advice ? [`${check}: ${advice}`] : [])),
        exitCode: findings.some(({ state }) => state === 'problem') ? 1 : 0,
      }
    }),
})
