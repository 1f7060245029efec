//! Many yes or no, a bit each.

pub struct Bits(Vec<u64>);

impl Bits {
    pub fn new(count: usize) -> Self {
        Bits(vec![0; count.div_ceil(64)])
    }

    pub fn set(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub fn get(&self, place: usize) -> bool {
        self.0[place / 64] & (1 << (place % 64)) != 0
    }
}
