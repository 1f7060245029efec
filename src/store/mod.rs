//! Revisions on disk: stage, publish by rename, list, roll back, withdraw, prune, watch.
//!
//! Comes in: a folder of finished files. Goes out: which revision of each layer is current.
//! Must not know: what is inside a package.
