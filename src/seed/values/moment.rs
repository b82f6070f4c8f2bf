//! `{ now = "-3d" }`: a moment that is counted from the seed's clock.

use chrono::{DateTime, Days, Months, TimeDelta, Utc};

/// The moment; `None`: that is no distance. `""` and `"0"` are the clock itself; several parts add up: `-1d12h`.
#[must_use]
pub fn from(clock: DateTime<Utc>, distance: &str) -> Option<DateTime<Utc>> {
    let text = distance.trim();
    let (back, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(clock);
    }
    let mut moment = clock;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u32 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = rest.split_at(letters);
        rest = after.trim_start();
        let seconds = |factor: i64| TimeDelta::try_seconds(i64::from(number) * factor);
        let days = |factor: u64| Days::new(u64::from(number) * factor);
        moment = match unit {
            "s" | "m" | "h" => {
                let delta = seconds(match unit {
                    "s" => 1,
                    "m" => 60,
                    _ => 3_600,
                })?;
                if back { moment.checked_sub_signed(delta) } else { moment.checked_add_signed(delta) }
            }
            "d" | "w" => {
                let days = days(if unit == "w" { 7 } else { 1 });
                if back { moment.checked_sub_days(days) } else { moment.checked_add_days(days) }
            }
            "mo" | "y" => {
                let months = Months::new(number.checked_mul(if unit == "y" { 12 } else { 1 })?);
                if back { moment.checked_sub_months(months) } else { moment.checked_add_months(months) }
            }
            _ => None,
        }?;
    }
    Some(moment)
}

/// What such a distance looks like, for an error.
pub const EXPECTED: &str = "a distance such as `-3d`, `+2h`, `-1mo` or `0` (units: s, m, h, d, w, mo, y)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        let clock: DateTime<Utc> = "2026-03-31T12:00:00Z".parse().unwrap();
        let at =
            |distance| from(clock, distance).map(|moment| moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        assert_eq!(at("0").as_deref(), Some("2026-03-31T12:00:00Z"));
        assert_eq!(at("-3d").as_deref(), Some("2026-03-28T12:00:00Z"));
        assert_eq!(at("+1h30m").as_deref(), Some("2026-03-31T13:30:00Z"));
        assert_eq!(at("-1mo").as_deref(), Some("2026-02-28T12:00:00Z"));
        for wrong in ["3", "d", "-3 days", "--1d", "-99999999y"] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
