//! The exponential function in `f32`, written so that the compiler can vectorise it; the same bits
//! on every machine, which the C library does not promise.

/// `e^x` with a relative error below 2e-7; the argument is clamped to `-87..=88`.
///
/// # Source
/// Cephes `expf` (Moshier): reduction by powers of two and a polynomial of degree 5.
#[expect(clippy::excessive_precision, reason = "the constants as Cephes gives them")]
#[inline]
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding 1.5 · 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_375 + n * 2.121_944_40e-4;
    let mut p = 1.987_569_150_0e-4_f32;
    p = p * r + 1.398_199_950_7e-3;
    p = p * r + 8.333_451_907_3e-3;
    p = p * r + 4.166_579_589_4e-2;
    p = p * r + 1.666_666_545_9e-1;
    p = p * r + 5.000_000_120_1e-1;
    let value = p * r * r + r + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    value * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn it_agrees_with_double_precision() {
        for step in -8_700..=8_800 {
            let x = step as f32 / 100.0;
            let exact = libm::exp(f64::from(x));
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2e-7, "{x}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NEG_INFINITY) > 0.0 && exp(f32::INFINITY).is_finite());
    }
}
