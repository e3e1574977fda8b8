import { deriveCommit } from '../../repo/marks.ts'
import { command } from '../command.ts'
import { addNetworkFlags, type NetworkFlags, networkOfRemote, withNetwork } from '../network.ts'
import { inWorkspace } from '../workspace.ts'

interface Options extends NetworkFlags {
  from: string
  relation: string
  statement?: string
  remote?: string
}

export const derive = command<Options>({
  define: (command) =>
    addNetworkFlags(command)
      .argument('[revision]', 'version that was made (default HEAD)', 'HEAD')
      .requiredOption('--from <input>', 'version of this repository, or NETWORK:OBJECT_ID@REVISION of another')
      .option('--relation <words>', 'how, for example trained-on or filtered-from', 'derived-from')
      .option('--statement <file>', 'a statement about it; its SHA-256 goes on record, the file stays here')
      .option('--remote <name>', 'remote that keeps the record')
      .addHelpText(
        'after',
        `
Whoever learns that consent to an input was withdrawn finds from the record what was made from it. Needs the attester role.
Where a push brought the input, the chain checks that it did; otherwise the record is a claim. \`floe mark\` shows both.`,
      ),
  run: (context, [revision = 'HEAD'], options) =>
    inWorkspace(context, async (workspace) => {
      const { from, relation, statement, remote } = options
      const network = await networkOfRemote(workspace, remote)
      const done = await withNetwork(context, network, options, (remoteOptions) =>
        deriveCommit(workspace.root, { ...remoteOptions, revision, remote, from, relation, statement }),
      )
      const evidence =
        done.inputPush === null ? 'no push is known to have brought it' : `brought by push ${done.inputPush}`
      return {
        data: done,
        lines: [`${done.output.slice(0, 12)} ${relation} ${done.input.commit.slice(0, 12)} (${evidence})`],
      }
    }),
})
