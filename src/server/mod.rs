//! HTTP: the accept loop, state, cache, extractors, problems, one file for each family of
//! addresses, and pages.
//!
//! Comes in: requests. Goes out: answers. Must not know: SQL, the shape of blobs.
