//! Integration tests of the strict reader and the replay.

mod damaged;
mod replayed;
mod small;
