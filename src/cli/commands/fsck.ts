import { command } from '../command.ts'
import { verify } from './verify.ts'

/** `verify --local` under the name that git users look for. */
export const fsck = command<{ full?: boolean }>({
  define: (command) =>
    command
      .option('--full', 'read and hash every byte')
      .addHelpText(
        'after',
        '\nThe same as `floe verify --local`. Any mismatch ends with exit status 13 and names the object.',
      ),
  run: (context, _args, options) => verify.run(context, [], { ...options, local: true }),
})
