//! Texts and links of strangers, made plain before anything else sees them.

use crate::fetch::Address;

/// Characters of a title, a name, a keyword.
pub const NAME_CHARACTERS: usize = 300;
/// Characters of a description.
pub const TEXT_CHARACTERS: usize = 5_000;
/// Bytes of an address that is kept.
const LINK_BYTES_MAX: usize = 2_000;

/// Plain text on one line: no tags, no control characters, nothing that turns the direction of what
/// follows, cut at `most` characters.
pub fn text(written: &str, most: usize) -> String {
    // Tags that were escaped become tags when they are read, so it is done again.
    let plain = without_tags(&decoded(&without_tags(written)));
    let kept = plain.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_invisible(*c));
    let mut line = String::new();
    let mut characters = 0;
    for word in kept.collect::<String>().split_whitespace() {
        let length = word.chars().count();
        if characters + length + 1 > most {
            // A blank and the dots take two.
            let left = most.saturating_sub(characters + 2);
            line.push_str(if line.is_empty() || left == 0 { "" } else { " " });
            line.extend(word.chars().take(left));
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
            characters += 1;
        }
        line.push_str(word);
        characters += length;
    }
    line
}

/// Zero-width characters, marks of direction, and what is no character.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
}

/// What stands between tags; nothing of scripts and styles.
fn without_tags(written: &str) -> String {
    let mut plain = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(open) = rest.find('<') {
        let after = &rest[open + 1..];
        let begins_tag = after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        plain.push_str(&rest[..open]);
        if !begins_tag {
            plain.push('<');
            rest = after;
            continue;
        }
        plain.push(' ');
        let name: String =
            after.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let end = match name.as_str() {
            "script" | "style" => after.to_ascii_lowercase().find(&format!("</{name}")).unwrap_or(after.len()),
            _ => 0,
        };
        rest = match after[end..].find('>') {
            Some(close) => &after[end + close + 1..],
            None => "",
        };
    }
    plain.push_str(rest);
    plain
}

/// References of HTML as the characters that they stand for.
fn decoded(written: &str) -> String {
    const NAMED: [(&str, &str); 6] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    NAMED.iter().fold(written.to_owned(), |text, (reference, character)| text.replace(reference, character))
}

/// A web address without credentials, as it may stand in a link; else nothing.
pub fn link(written: &str) -> Option<String> {
    let address: Address = written.trim().parse().ok()?;
    (address.as_str().len() <= LINK_BYTES_MAX).then(|| address.as_str().to_owned())
}

/// An id as one part of a path.
pub fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC)
        .to_string()
        .replace("%2D", "-")
        .replace("%5F", "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_write_becomes_plain_text() {
        for (written, plain) in [
            ("<p>Parks &amp; gardens</p>", "Parks & gardens"),
            ("a<script>alert(1)</script>b", "a b"),
            ("a<SCRIPT src=x>alert(1)", "a"),
            ("&lt;script&gt;alert(1)&lt;/script&gt;x", "x"),
            ("&lt;img src=x onerror=alert(1)&gt;Title", "Title"),
            ("1 < 2 > 0", "1 < 2 > 0"),
            ("a\u{202e}b\u{0}c\n\n  d", "ab c d"),
            ("<a href='x'>郊野公園</a>", "郊野公園"),
            ("unclosed <b", "unclosed"),
        ] {
            assert_eq!(text(written, NAME_CHARACTERS), plain, "{written}");
        }
        assert_eq!(text("one two three", 9), "one two…");
        assert_eq!(text(&"x".repeat(400), NAME_CHARACTERS).chars().count(), NAME_CHARACTERS - 1);
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(link(" https://a.hk/x?y=1 ").as_deref(), Some("https://a.hk/x?y=1"));
        for address in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a.hk/",
            "//a.hk/",
            "https://u:p@a.hk/",
            "",
            "file:///etc",
        ] {
            assert_eq!(link(address), None, "{address}");
        }
        assert_eq!(link(&format!("https://a.hk/{}", "x".repeat(3_000))), None);
    }
}
