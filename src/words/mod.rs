//! Text as people search it: what is written differently and read the same becomes the same words.
//! Catalogue and features are searched by the same ones.
//!
//! Comes in: any text. Goes out: folded pieces (`fold`, `pieces`), and what a question asks for
//! (`terms`) with the words that mean the same (`lexicon`).
//! Must not know: what is searched, and how it is kept.

pub mod fold;
pub mod lexicon;
pub mod pieces;
pub mod terms;

pub use fold::fold;
pub use pieces::{Piece, join, normal, pairs, pieces, tokens, write_tokens};
