//! A time as a person gives it: a moment, a day, or how long ago.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::db::types::Instant;

pub fn parse(text: &str) -> Result<Instant, String> {
    at(text, Instant::now().utc()).ok_or_else(|| {
        "a time is `2026-01-05T09:00:00Z`, a day such as `2026-01-05`, or how long ago: `30m`, `2h`, `7d`".into()
    })
}

fn at(text: &str, now: DateTime<Utc>) -> Option<Instant> {
    let moment = text.parse::<Instant>().ok();
    let day = || Instant::new(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    moment.or_else(day).or_else(|| Instant::new(now.checked_sub_signed(ago(text)?)?))
}

fn ago(text: &str) -> Option<TimeDelta> {
    let (at, unit) = text.char_indices().next_back()?;
    // With a sign it would be another time than it says.
    let number: i64 = text[..at].chars().all(|c| c.is_ascii_digit()).then(|| text[..at].parse().ok()).flatten()?;
    match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        _ => None,
    }
}

/// A moment to the second, for a table.
pub fn short(instant: Instant) -> String {
    instant.utc().format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Instant = "2026-03-01T12:00:00Z".parse().unwrap();
        let read = |text| at(text, now.utc()).map(|instant| instant.to_string());
        assert_eq!(read("2026-01-05T09:00:00+01:00").as_deref(), Some("2026-01-05T08:00:00.000000Z"));
        assert_eq!(read("2026-01-05").as_deref(), Some("2026-01-05T00:00:00.000000Z"));
        assert_eq!(read("90m").as_deref(), Some("2026-03-01T10:30:00.000000Z"));
        assert_eq!(read("1d").as_deref(), Some("2026-02-28T12:00:00.000000Z"));
        for wrong in
            ["", "d", "-1d", "+1d", "1w", "yesterday", "2026-13-01", "999999999999d", "9999999999999999999d", "ä"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
