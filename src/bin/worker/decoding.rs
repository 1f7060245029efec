//! Text of any encoding as UTF-8, decoded as it is read, so that memory stays flat.

use std::io::{self, BufReader, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};

const BUFFER_BYTES: usize = 64 * 1024;

/// Gives out UTF-8; what cannot be read stands as U+FFFD and is counted.
pub struct Decoding<R> {
    input: R,
    decoder: Decoder,
    packed: Vec<u8>,
    packed_at: usize,
    is_at_end: bool,
    is_done: bool,
    text: Vec<u8>,
    text_at: usize,
    pub unread: u64,
}

/// Opens a text file by the label of its encoding.
pub fn open(path: &std::path::Path, label: &str) -> io::Result<Decoding<BufReader<std::fs::File>>> {
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    Ok(Decoding::new(BufReader::new(std::fs::File::open(path)?), encoding))
}

impl<R: Read> Decoding<R> {
    pub fn new(input: R, encoding: &'static Encoding) -> Self {
        Decoding {
            input,
            decoder: encoding.new_decoder(),
            packed: Vec::new(),
            packed_at: 0,
            is_at_end: false,
            is_done: false,
            text: Vec::new(),
            text_at: 0,
            unread: 0,
        }
    }

    /// Decodes the next piece; false at the end.
    fn fill(&mut self) -> io::Result<bool> {
        const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();
        // A decoder that was told of the end may not be asked again.
        if self.is_done {
            return Ok(false);
        }
        if self.packed_at == self.packed.len() && !self.is_at_end {
            self.packed.resize(BUFFER_BYTES, 0);
            let read = self.input.read(&mut self.packed)?;
            self.packed.truncate(read);
            self.packed_at = 0;
            self.is_at_end = read == 0;
        }
        self.text.resize(self.decoder.max_utf8_buffer_length(BUFFER_BYTES).unwrap_or(4 * BUFFER_BYTES), 0);
        let (result, read, written, _) =
            self.decoder.decode_to_utf8(&self.packed[self.packed_at..], &mut self.text, self.is_at_end);
        self.packed_at += read;
        self.text.truncate(written);
        self.text_at = 0;
        self.unread += memchr::memmem::find_iter(&self.text, REPLACEMENT).count() as u64;
        self.is_done = self.is_at_end && self.packed_at == self.packed.len() && result == CoderResult::InputEmpty;
        Ok(true)
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.text_at == self.text.len() {
            if !self.fill()? {
                return Ok(0);
            }
        }
        let count = (self.text.len() - self.text_at).min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[self.text_at..self.text_at + count]);
        self.text_at += count;
        Ok(count)
    }
}
