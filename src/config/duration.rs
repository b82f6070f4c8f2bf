//! Durations as people write them: `500ms`, `2s`, `5m`.

use std::time::Duration;

/// A whole number with its unit: `ms`, `s`, `m` or `h`. A bare `0` needs none.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let ms = match &text[digits..] {
        "ms" => number,
        "s" => number.checked_mul(1_000)?,
        "m" => number.checked_mul(60_000)?,
        "h" => number.checked_mul(3_600_000)?,
        "" if number == 0 => 0,
        _ => return None,
    };
    // PostgreSQL's timeouts are 32-bit milliseconds, the smallest limit among those who are handed one.
    i32::try_from(ms).is_ok().then(|| Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_needed() {
        let ms = |text| parse(text).map(|d| d.as_millis());
        assert_eq!(ms("500ms"), Some(500));
        assert_eq!(ms("2s"), Some(2_000));
        assert_eq!(ms("5m"), Some(300_000));
        assert_eq!(ms("0"), Some(0));
        for wrong in ["5", "", "s", "-1s", "1.5s", "2 s", "99999999999h", "9999h"] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }
}
