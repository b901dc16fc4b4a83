//! The one TLS provider of the program.

/// Makes it the process's, where none is yet: two providers with none chosen would panic.
pub(crate) fn install() {
    // It fails where one is installed already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
