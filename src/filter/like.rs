//! LIKE: `%` for any run of characters, `_` for one, `\` before one that stands for itself.

/// A pattern taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Character(char),
    AnyCharacter,
    AnyRun,
}

impl Pattern {
    pub fn new(pattern: &str) -> Self {
        let mut parts = Vec::new();
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            let part = match character {
                '%' => Part::AnyRun,
                '_' => Part::AnyCharacter,
                // A backslash at the end has nothing to stand before, so it is itself.
                '\\' => Part::Character(characters.next().unwrap_or('\\')),
                other => Part::Character(other),
            };
            // A run after a run adds nothing but work.
            if part != Part::AnyRun || parts.last() != Some(&Part::AnyRun) {
                parts.push(part);
            }
        }
        Pattern { parts }
    }

    /// At worst pattern times text: only the last run is ever tried again.
    pub fn matches(&self, text: &str) -> bool {
        let mut part = 0;
        let mut rest = text;
        // The part after the last run, and where its text began when it was last tried.
        let mut retry: Option<(usize, &str)> = None;
        loop {
            let mut characters = rest.chars();
            let next = characters.next();
            let fits = match (self.parts.get(part), next) {
                (Some(Part::AnyRun), _) => {
                    retry = Some((part + 1, rest));
                    part += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(Part::AnyCharacter), Some(_)) => true,
                (Some(Part::Character(wanted)), Some(found)) => *wanted == found,
                _ => false,
            };
            if fits {
                part += 1;
                rest = characters.as_str();
                continue;
            }
            let Some((after_run, began)) = retry else { return false };
            let mut longer = began.chars();
            if longer.next().is_none() {
                return false;
            }
            retry = Some((after_run, longer.as_str()));
            part = after_run;
            rest = longer.as_str();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_the_standard_says() {
        for (text, pattern, expected) in [
            ("Berlin", "B_r%", true),
            ("Bern", "B_r%", true),
            ("berlin", "B_r%", false),
            ("Br", "B_r%", false),
            ("", "%", true),
            ("", "_", false),
            ("abc", "abc", true),
            ("abc", "ab", false),
            ("aXbXc", "a%b%c", true),
            ("abcbd", "a%bd", true),
            ("100%", "100\\%", true),
            ("1000", "100\\%", false),
            ("a_b", "a\\_b", true),
            ("a\\", "a\\", true),
            ("香港中央圖書館", "%中央%", true),
            ("København", "K_benhavn", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn many_wildcards_over_a_long_text_end_soon() {
        let text = "a".repeat(100_000);
        let started = std::time::Instant::now();
        assert!(!Pattern::new(&"%a".repeat(99)).matches(&format!("{text}b")));
        assert!(started.elapsed().as_secs() < 2);
    }
}
