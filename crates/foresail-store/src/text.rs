//! Texts from outside, made fit for columns that a person queries.
//!
//! PostgreSQL keeps no NUL in a text, and no index entry above a third of a page. What is kept in
//! `detail` is never changed.

use sha2::{Digest, Sha256};

/// The longest text that a key holds. Four of them, times and numbers fit into an index entry of
/// PostgreSQL (2,704 bytes); names of Kubernetes end at 253.
pub(crate) const LONGEST_KEY: usize = 512;

/// How much of a longer one is kept before the digest that tells it from its likes.
const KEPT: usize = LONGEST_KEY - 40;

/// Stands for NUL: the control picture that Unicode has for it.
const NUL_PICTURE: &str = "\u{2400}";

/// `text` without NUL.
pub(crate) fn plain(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', NUL_PICTURE) } else { text.to_owned() }
}

/// `text` as part of a key: cut when it is too long, still another for another text.
pub(crate) fn key(text: &str) -> String {
    if text.len() <= LONGEST_KEY && !text.contains('\0') {
        return text.to_owned();
    }
    let digest = hex(&Sha256::digest(text.as_bytes())[..16]);
    let mut kept = plain(text);
    kept.truncate(kept.floor_char_boundary(KEPT));
    format!("{kept}…{digest}")
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_kubernetes_is_its_own_key() {
        assert_eq!(key("cart-0"), "cart-0");
        assert_eq!(key("'; DROP TABLE pods; --"), "'; DROP TABLE pods; --");
    }

    #[test]
    fn long_texts_get_short_keys_that_differ() {
        let (first, second) = ("é".repeat(50_000), format!("{}x", "é".repeat(50_000)));
        assert!(key(&first).len() <= LONGEST_KEY);
        assert_ne!(key(&first), key(&second));
    }

    #[test]
    fn nul_becomes_a_picture_and_keys_with_it_stay_apart() {
        assert_eq!(plain("a\0b"), "a␀b");
        assert_ne!(key("a\0b"), key("a␀b"));
    }
}
