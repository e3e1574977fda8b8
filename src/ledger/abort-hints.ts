/** What to do about each abort of the `floe` package that has no code of its own in `abort.ts`. By module and constant;
 *  a test compares the names with those generated from the Move sources. */

import type { ABORT_CODES } from './bindings/floe/abort-codes.ts'

/** Names that the package does not have are refused by the compiler. */
type Hints = { readonly [M in keyof typeof ABORT_CODES]?: { readonly [E in keyof (typeof ABORT_CODES)[M]]?: string } }

const OTHER_CLIENT = 'Another client built this transaction wrongly, or Floe has a bug: install the newest Floe'
const NUMBER = 'Check the number: it is counted from 0 and belongs to this repository'
const PACK_CHANGED = 'The packs changed meanwhile: run the command again, it reads them anew'
const REF_NAME = 'Names are made of letters, digits, `.`, `_`, `/` and `-`, at most 200: choose another one'
const UPGRADE_FIRST = 'Only the holder of the upgrade key can do this: look at the policy object first'

export const FLOE_ABORT_HINTS: Hints = {
  attestation: { EBadId: OTHER_CLIENT, EBadText: 'Shorten the predicate type or the location to 512 bytes' },
  attestation_list: { ETooMany: 'Attest a newer commit: this one holds no more', EUnknownAttestation: NUMBER },
  commit_status: {
    EBadId: OTHER_CLIENT,
    EUnknownStatus: OTHER_CLIENT,
    EBadReason: 'Give a reason of 1 to 512 bytes',
    EBadSuccessor: 'Name a successor, another commit, for a superseded commit only',
    ENoRecords: 'Set a status first',
  },
  derivation: {
    EBadId: OTHER_CLIENT,
    EBadRelation: 'Give a relation of 1 to 100 bytes',
    EOfItself: 'Name another commit as the input',
    EAlreadyRecorded: 'Nothing is left to do: the edge is there',
    ENoCommit: 'Name a push that moved a ref to a commit',
    ENoRecords: 'Record a derivation first',
  },
  members: {
    EUnknownRoles: 'Roles are writer, attester and revoker: install the newest Floe if it sent others',
    ETooManyMembers: 'Take all roles from an address that needs none with `floe access revoke`',
    ELastAdmin: 'Issue another admin capability first',
    ETooManyAdmins: 'Revoke an admin capability that is not needed',
  },
  numbered_log: { EUnknownRecord: NUMBER },
  pack_table: {
    ENotCertified: 'Run `floe push` again: it certifies what is uploaded',
    EExpired: 'Push the data again: what has expired cannot be extended',
    EUnknownKind: OTHER_CLIENT,
    EUnknownPack: NUMBER,
    ENotLive: PACK_CHANGED,
    ERemoved: PACK_CHANGED,
    EWrongBlob: OTHER_CLIENT,
    EShorterLife: 'Buy more epochs: the blob must end later than the one it replaces',
    EOtherPersistence: 'Register the blob as deletable or permanent, like the one it replaces',
    EPermanent: 'Nothing can be done: permanent packs stay until they expire',
    ENotProposed: 'Propose the removal first',
    ETooEarly: 'Wait until the grace period and the promises of pushes have passed',
    EBadRange: OTHER_CLIENT,
    EUnpublished: 'Wait for the other push to finish, or for its owner to give it up with `floe push --abort`',
  },
  packs: { EWrongRepository: OTHER_CLIENT },
  push: {
    EWrongRepository: OTHER_CLIENT,
    EBadId: OTHER_CLIENT,
    ECommitNotInMetaPack: OTHER_CLIENT,
    EBadSegment: OTHER_CLIENT,
    ETooManySegments: OTHER_CLIENT,
    ETooManyRanges: 'Push less at once: first an older version, then the newest',
    ENotOfThisPush: PACK_CHANGED,
    EHasPacks: 'Give the push up with `floe push --abort`, which takes its packs back first',
  },
  push_log: { EUnknownPush: NUMBER },
  ref_name: { EBadLength: REF_NAME, EBadPrefix: OTHER_CLIENT, EBadCharacter: REF_NAME, EBadForm: REF_NAME },
  ref_table: { EUnknownRef: 'Look at the refs with `floe remote show`' },
  removal: {
    ENotAllowed: 'Ask the pusher of the pack or a revoker, or use another key with --key',
    ETakedown: 'Ask a revoker of the repository',
  },
  renewal: {
    EBadRule: 'Give a lower bound above 0 that is not above the target, and amounts above 0',
    ENoRule: 'Renew with your own WAL, or ask an administrator to set a rule for the fund',
    ENotDue: 'Nothing is left to do until the pack ends sooner; `floe expiry` shows when',
    EExpired: 'Push the data again: what has expired cannot be extended',
    ENoMoney: 'Renew with your own WAL, or wait for the next epoch or a donation',
    EWrongRepository: OTHER_CLIENT,
    ENotRenewed: OTHER_CLIENT,
    ETooFar: 'Renew for fewer epochs: the rule of the fund sets the limit',
    EOverspent: 'Prices may have risen above what the rule allows: renew with your own WAL',
  },
  repository: {
    EBadName: 'Give the repository a name of 1 to 100 bytes',
    EShorterGrace: 'Choose a grace period that is not shorter than the present one',
    ENothingToMigrate: 'Nothing is left to do: the repository is at this version',
  },
  takedown: {
    ENoGround: 'Set the status of the commit to consent withdrawn or taken down first, and name that record',
    ENoRecords: 'Take something down first',
  },
  upgrade_policy: {
    EZeroDelay: 'Choose a delay above 0',
    EWrongKey: UPGRADE_FIRST,
    EBadDigest: OTHER_CLIENT,
    EAlreadyProposed: 'Cancel the proposed upgrade first',
    ENotProposed: 'Propose the upgrade first',
    ETooEarly: 'Wait until the delay has passed',
    EShorterDelay: 'Choose a delay that is not shorter than the present one',
    EUnderWay: 'Commit the upgrade that is under way first',
  },
}
