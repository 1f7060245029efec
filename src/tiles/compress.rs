//! gzip by libdeflate.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor};

/// For tiles cut while a client waits: three times quicker than level 6 and 4–8 % larger.
pub const LEVEL_LIVE: i32 = 1;
/// For tiles that are made once and sent often.
pub const LEVEL_BAKED: i32 = 6;

thread_local! {
    static PACKER: RefCell<Option<Packer>> = const { RefCell::new(None) };
}

/// The bytes as one gzip member.
pub fn gzip(bytes: &[u8], level: i32) -> Vec<u8> {
    PACKER.with_borrow_mut(|slot| {
        let packer = match slot {
            Some(packer) if packer.level == level => packer,
            _ => slot.insert(Packer::new(level)),
        };
        let written = packer.pack(bytes);
        // Not kept: of these threads there are many, and most wait.
        let mut out = std::mem::take(&mut packer.out);
        out.truncate(written);
        out
    })
}

/// Packs one after another with the same memory.
pub struct Packer {
    level: i32,
    compressor: Compressor,
    out: Vec<u8>,
}

impl Packer {
    pub fn new(level: i32) -> Self {
        Packer { level, compressor: Compressor::new(CompressionLvl::new(level).unwrap_or_default()), out: Vec::new() }
    }

    /// The bytes as one gzip member.
    pub fn gzip(&mut self, bytes: &[u8]) -> &[u8] {
        let written = self.pack(bytes);
        &self.out[..written]
    }

    fn pack(&mut self, bytes: &[u8]) -> usize {
        let bound = self.compressor.gzip_compress_bound(bytes.len());
        if self.out.len() < bound {
            self.out.resize(bound, 0);
        }
        // The bound holds for every input, so the only error, lack of room, cannot happen.
        self.compressor.gzip_compress(bytes, &mut self.out).unwrap_or_default()
    }
}

/// What our own gzip holds.
pub fn gunzip(packed: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut out = Vec::new();
    // Made by us and kept in memory or in a verified file: it unpacks.
    let _ = flate2::read::GzDecoder::new(packed).read_to_end(&mut out);
    out
}
