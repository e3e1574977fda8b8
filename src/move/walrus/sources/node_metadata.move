/// What an operator says about a node.
module walrus::node_metadata;

use std::string::String;
use sui::vec_map::{Self, VecMap};

public struct NodeMetadata has copy, drop, store {
    image_url: String,
    project_url: String,
    description: String,
    extra_fields: VecMap<String, String>,
}

public fun new(image_url: String, project_url: String, description: String): NodeMetadata {
    NodeMetadata { image_url, project_url, description, extra_fields: vec_map::empty() }
}

public fun default(): NodeMetadata {
    new(b"".to_string(), b"".to_string(), b"".to_string())
}

public fun description(self: &NodeMetadata): String {
    self.description
}
