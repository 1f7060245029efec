//! From a delivery to a revision: unpack, recognise, read through the worker, judge, write,
//! verify, publish, report.
//!
//! Comes in: a layer definition and its files, or a bare file. Goes out: a published revision or a
//! refusal that names its rule. Must not know: HTTP.
