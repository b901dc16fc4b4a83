//! Untrusted text made fit for pages and pictures; both escape their own markup besides.

/// A text without what could disturb an SVG file or what stands around it: control characters, which
/// XML forbids, and characters that turn the direction of text.
pub(crate) fn clean(text: &str) -> String {
    text.replace(disturbs, "\u{fffd}")
}

/// The same for a whole page, whose line breaks are its own.
pub(crate) fn clean_page(page: &str) -> String {
    page.replace(|c| c != '\n' && disturbs(c), "\u{fffd}")
}

fn disturbs(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}
