//! The kind of a log line: what is left when everything that varies is masked.

/// FNV-1a over the line's words; a word that holds a digit counts as one sign, whatever it says.
///
/// Source: Fowler, Noll, Vo, FNV-1a, 32 bit.
pub(super) fn hash(text: &str) -> u32 {
    let words = text.split(|sign: char| !sign.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).fold(0x811c_9dc5, |hash, word| {
        let masked = if word.bytes().any(|byte| byte.is_ascii_digit()) { "#" } else { word };
        masked
            .bytes()
            .chain([b' '])
            .fold(hash, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    })
}
