//! The entries of a tar archive: POSIX ustar and pax, and the long names of GNU tar.

use std::collections::BTreeMap;
use std::io::{self, Read};

const BLOCK: usize = 512;
/// Bytes of a header that only names or describes the next entry.
const EXTRA_HEADER_BYTES_MAX: u64 = 64 * 1024;

/// One entry; its bytes follow in the reader and must be read before the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: Vec<u8>,
    pub kind: Kind,
    pub bytes: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// Links, devices, pipes: nothing that a delivery needs.
    Other,
}

/// Reads entries one after another.
pub struct Reader<R> {
    input: R,
    /// Bytes of the current entry, padding included, that were not read yet.
    remaining: u64,
    padding: u64,
}

impl<R: Read> Reader<R> {
    pub fn new(input: R) -> Self {
        Reader { input, remaining: 0, padding: 0 }
    }

    /// The next entry; `None` at the end of the archive.
    pub fn next_entry(&mut self) -> io::Result<Option<Entry>> {
        let mut long_name = None;
        let mut pax = BTreeMap::new();
        loop {
            self.skip_rest()?;
            let Some(header) = self.header()? else { return Ok(None) };
            let bytes = match pax.get("size").and_then(|size: &String| size.parse().ok()) {
                Some(bytes) => bytes,
                None => number(&header[124..136])?,
            };
            self.remaining = bytes;
            self.padding = (BLOCK as u64 - bytes % BLOCK as u64) % BLOCK as u64;
            match header[156] {
                b'L' => long_name = Some(trimmed(&self.extra_header(bytes)?).to_vec()),
                b'x' => pax = pax_records(&self.extra_header(bytes)?),
                // Says something of all that follows; nothing of it is needed.
                b'g' => {}
                kind => {
                    let name = long_name
                        .or_else(|| pax.remove("path").map(String::into_bytes))
                        .unwrap_or_else(|| name_of(&header));
                    let kind = match kind {
                        b'0' | 0 | b'7' => Kind::File,
                        b'5' => Kind::Folder,
                        _ => Kind::Other,
                    };
                    return Ok(Some(Entry { name, kind, bytes }));
                }
            }
        }
    }

    fn header(&mut self) -> io::Result<Option<[u8; BLOCK]>> {
        let mut header = [0u8; BLOCK];
        if let Err(error) = self.input.read_exact(&mut header) {
            return Err(io::Error::new(error.kind(), "it ends before its last entry"));
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let sum: u64 = header
            .iter()
            .enumerate()
            .map(|(place, byte)| if (148..156).contains(&place) { u64::from(b' ') } else { u64::from(*byte) })
            .sum();
        if sum != number(&header[148..156])? {
            return Err(broken("the check sum of a header is wrong"));
        }
        Ok(Some(header))
    }

    fn extra_header(&mut self, bytes: u64) -> io::Result<Vec<u8>> {
        if bytes > EXTRA_HEADER_BYTES_MAX {
            return Err(broken("a header is too long"));
        }
        let mut content = vec![0u8; bytes as usize];
        self.read_exact(&mut content)?;
        Ok(content)
    }

    fn skip_rest(&mut self) -> io::Result<()> {
        // A header may claim up to the largest number there is.
        let rest = self.remaining.saturating_add(self.padding);
        let skipped = io::copy(&mut Read::by_ref(&mut self.input).take(rest), &mut io::sink())?;
        self.remaining = 0;
        self.padding = 0;
        if skipped == rest { Ok(()) } else { Err(broken("it ends inside an entry")) }
    }
}

/// Reads the bytes of the current entry.
impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        match self.input.read(&mut buffer[..most])? {
            0 => Err(broken("it ends inside an entry")),
            read => {
                self.remaining -= read as u64;
                Ok(read)
            }
        }
    }
}

fn name_of(header: &[u8; BLOCK]) -> Vec<u8> {
    let name = trimmed(&header[..100]);
    let prefix = if &header[257..262] == b"ustar" && header[262] == 0 { trimmed(&header[345..500]) } else { &[] };
    if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// An octal number, or a binary one where the highest bit is set.
fn number(bytes: &[u8]) -> io::Result<u64> {
    if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        let tail = &bytes[bytes.len().saturating_sub(8)..];
        return Ok(tail.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)));
    }
    let text = String::from_utf8_lossy(trimmed(bytes));
    let digits = text.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| broken("a number in a header is not octal"))
}

/// Records of `LENGTH KEY=VALUE\n`.
fn pax_records(content: &[u8]) -> BTreeMap<String, String> {
    let mut records = BTreeMap::new();
    let mut rest = content;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&rest[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(record) = length.filter(|length| *length > space).and_then(|length| rest.get(space + 1..length))
        else {
            break;
        };
        if let Some((key, value)) = String::from_utf8_lossy(record).trim_end_matches('\n').split_once('=') {
            records.insert(key.to_owned(), value.to_owned());
        }
        rest = &rest[space + 1 + record.len()..];
    }
    records
}

fn broken(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An archive of files and of entries of any other kind.
    pub fn tar_of(entries: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, kind, content) in entries {
            let mut header = [0u8; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
            header[148..156].fill(b' ');
            header[156] = *kind;
            header[257..263].copy_from_slice(b"ustar\0");
            let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
            header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
            bytes.extend_from_slice(&header);
            bytes.extend_from_slice(content);
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        }
        bytes.resize(bytes.len() + 2 * BLOCK, 0);
        bytes
    }

    #[test]
    fn entries_come_with_their_names_and_bytes() {
        let long = "d/".repeat(60) + "x.csv";
        let pax = format!("{} path=圖書館.csv\n", "NN path=圖書館.csv\n".len());
        let bytes = tar_of(&[
            ("a.csv", b'0', b"one"),
            ("folder/", b'5', b""),
            ("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            ("short", b'0', b"two"),
            ("pax", b'x', pax.as_bytes()),
            ("ascii", b'0', b"three"),
            ("link", b'2', b""),
        ]);
        let mut reader = Reader::new(bytes.as_slice());
        let mut seen = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            let mut content = String::new();
            // The second is left unread: the next must still be found.
            if entry.name != long.as_bytes() {
                reader.read_to_string(&mut content).unwrap();
            }
            seen.push((String::from_utf8(entry.name).unwrap(), entry.kind, content));
        }
        let file = |name: &str, content: &str| (name.to_owned(), Kind::File, content.to_owned());
        assert_eq!(
            seen,
            [
                file("a.csv", "one"),
                ("folder/".to_owned(), Kind::Folder, String::new()),
                file(&long, ""),
                file("圖書館.csv", "three"),
                ("link".to_owned(), Kind::Other, String::new()),
            ]
        );
    }

    #[test]
    fn a_damaged_archive_is_an_error_and_never_the_end() {
        let good = tar_of(&[("a.csv", b'0', &[b'x'; 700])]);
        for length in 1..good.len() - BLOCK {
            let mut reader = Reader::new(&good[..length]);
            let all = std::iter::from_fn(|| reader.next_entry().transpose()).collect::<Result<Vec<_>, _>>();
            // Zeros at its end are the end, be they cut short or not.
            assert!(all.is_err() || length >= BLOCK * 4, "cut at {length}");
        }
        let mut damaged = good;
        damaged[0] ^= 1;
        assert!(Reader::new(damaged.as_slice()).next_entry().is_err());
    }

    #[test]
    fn an_entry_that_claims_more_bytes_than_can_be_counted_is_an_error() {
        let claim = "29 size=18446744073709551615\n";
        let bytes = tar_of(&[("pax", b'x', claim.as_bytes()), ("a.csv", b'0', b"one")]);
        let mut reader = Reader::new(bytes.as_slice());
        assert_eq!(reader.next_entry().unwrap().map(|entry| entry.bytes), Some(u64::MAX));
        assert!(reader.next_entry().unwrap_err().to_string().contains("ends inside an entry"));
    }
}
