/// What storage nodes sign: header (type, version, application, epoch) and a body per type.
module walrus::messages;

use sui::bcs;

/// The message is for another application.
const EIncorrectAppId: u64 = 0;
/// The message was signed for another epoch.
const EIncorrectEpoch: u64 = 1;
/// The message is of another type than the call expects.
const EInvalidMsgType: u64 = 2;
/// The header version is unknown.
const EIncorrectIntentVersion: u64 = 3;
/// The persistence tag is neither permanent nor deletable.
const EInvalidBlobPersistenceType: u64 = 4;
/// The certificate is for a permanent blob and names no object.
const ENotDeletable: u64 = 5;
/// A public key has the wrong length.
const EInvalidKeyLength: u64 = 6;

const APP_ID: u8 = 3;
const INTENT_VERSION: u8 = 0;

const PROOF_OF_POSSESSION_MSG_TYPE: u8 = 0;
const BLOB_CERT_MSG_TYPE: u8 = 1;
const INVALID_BLOB_ID_MSG_TYPE: u8 = 2;

const BLS_KEY_LENGTH: u64 = 48;

/// A message that enough shard weight has signed. Only `bls_aggregate` makes one.
public struct CertifiedMessage has drop {
    intent_type: u8,
    intent_version: u8,
    cert_epoch: u32,
    message: vector<u8>,
    stake_support: u16,
}

public enum BlobPersistenceType has copy, drop {
    Permanent,
    Deletable { object_id: ID },
}

public struct CertifiedBlobMessage has drop {
    blob_id: u256,
    blob_persistence_type: BlobPersistenceType,
}

public struct CertifiedInvalidBlobId has drop {
    blob_id: u256,
}

/// What a node signs to show that it knows the secret of its key.
public struct ProofOfPossessionMessage has drop {
    intent_type: u8,
    intent_version: u8,
    intent_app: u8,
    epoch: u32,
    sui_address: address,
    bls_key: vector<u8>,
}

public(package) fun new_proof_of_possession_msg(
    epoch: u32,
    sui_address: address,
    bls_key: vector<u8>,
): ProofOfPossessionMessage {
    assert!(bls_key.length() == BLS_KEY_LENGTH, EInvalidKeyLength);
    ProofOfPossessionMessage {
        intent_type: PROOF_OF_POSSESSION_MSG_TYPE,
        intent_version: INTENT_VERSION,
        intent_app: APP_ID,
        epoch,
        sui_address,
        bls_key,
    }
}

/// Header, address and the 48 key bytes without a length.
public(package) fun to_bcs(self: &ProofOfPossessionMessage): vector<u8> {
    let mut bytes = bcs::to_bytes(&self.intent_type);
    bytes.append(bcs::to_bytes(&self.intent_version));
    bytes.append(bcs::to_bytes(&self.intent_app));
    bytes.append(bcs::to_bytes(&self.epoch));
    bytes.append(bcs::to_bytes(&self.sui_address));
    bytes.append(self.bls_key);
    bytes
}

/// Splits the header off. `committee_epoch` is the epoch of the committee whose signatures were checked.
public(package) fun new_certified_message(
    message: vector<u8>,
    committee_epoch: u32,
    stake_support: u16,
): CertifiedMessage {
    let mut reader = bcs::new(message);
    let intent_type = reader.peel_u8();
    let intent_version = reader.peel_u8();
    assert!(intent_version == INTENT_VERSION, EIncorrectIntentVersion);
    assert!(reader.peel_u8() == APP_ID, EIncorrectAppId);
    let cert_epoch = reader.peel_u32();
    assert!(cert_epoch == committee_epoch, EIncorrectEpoch);
    CertifiedMessage {
        intent_type,
        intent_version,
        cert_epoch,
        message: reader.into_remainder_bytes(),
        stake_support,
    }
}

public(package) fun certify_blob_message(message: CertifiedMessage): CertifiedBlobMessage {
    assert!(message.intent_type == BLOB_CERT_MSG_TYPE, EInvalidMsgType);
    let mut reader = bcs::new(message.message);
    let blob_id = reader.peel_u256();
    let tag = reader.peel_u8();
    let blob_persistence_type = if (tag == 0) {
        BlobPersistenceType::Permanent
    } else {
        assert!(tag == 1, EInvalidBlobPersistenceType);
        BlobPersistenceType::Deletable { object_id: object::id_from_address(reader.peel_address()) }
    };
    assert!(reader.into_remainder_bytes().is_empty(), EInvalidMsgType);
    CertifiedBlobMessage { blob_id, blob_persistence_type }
}

public(package) fun invalid_blob_id_message(message: CertifiedMessage): CertifiedInvalidBlobId {
    assert!(message.intent_type == INVALID_BLOB_ID_MSG_TYPE, EInvalidMsgType);
    let mut reader = bcs::new(message.message);
    let blob_id = reader.peel_u256();
    assert!(reader.into_remainder_bytes().is_empty(), EInvalidMsgType);
    CertifiedInvalidBlobId { blob_id }
}

public(package) fun intent_type(self: &CertifiedMessage): u8 {
    self.intent_type
}

public(package) fun cert_epoch(self: &CertifiedMessage): u32 {
    self.cert_epoch
}

public(package) fun stake_support(self: &CertifiedMessage): u16 {
    self.stake_support
}

public(package) fun certified_blob_id(self: &CertifiedBlobMessage): u256 {
    self.blob_id
}

public(package) fun blob_persistence_type(self: &CertifiedBlobMessage): BlobPersistenceType {
    self.blob_persistence_type
}

public(package) fun is_deletable(self: &BlobPersistenceType): bool {
    match (self) {
        BlobPersistenceType::Deletable { object_id: _ } => true,
        BlobPersistenceType::Permanent => false,
    }
}

/// The object a deletable certificate is bound to.
public(package) fun object_id(self: &BlobPersistenceType): ID {
    match (self) {
        BlobPersistenceType::Deletable { object_id } => *object_id,
        BlobPersistenceType::Permanent => abort ENotDeletable,
    }
}

public(package) fun invalid_blob_id(self: &CertifiedInvalidBlobId): u256 {
    self.blob_id
}

// Tests

#[test_only]
fun header(intent_type: u8, epoch: u32): vector<u8> {
    let mut bytes = vector[intent_type, INTENT_VERSION, APP_ID];
    bytes.append(bcs::to_bytes(&epoch));
    bytes
}

#[test_only]
public fun certified_permanent_message_bytes(epoch: u32, blob_id: u256): vector<u8> {
    let mut bytes = header(BLOB_CERT_MSG_TYPE, epoch);
    bytes.append(bcs::to_bytes(&blob_id));
    bytes.push_back(0);
    bytes
}

#[test_only]
public fun certified_deletable_message_bytes(epoch: u32, blob_id: u256, object_id: ID): vector<u8> {
    let mut bytes = header(BLOB_CERT_MSG_TYPE, epoch);
    bytes.append(bcs::to_bytes(&blob_id));
    bytes.push_back(1);
    bytes.append(bcs::to_bytes(&object_id));
    bytes
}

#[test_only]
public fun invalid_blob_id_message_bytes(epoch: u32, blob_id: u256): vector<u8> {
    let mut bytes = header(INVALID_BLOB_ID_MSG_TYPE, epoch);
    bytes.append(bcs::to_bytes(&blob_id));
    bytes
}
