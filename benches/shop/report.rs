//! The figures as tables, on the terminal and in docs/performance.md.

use std::fmt::Write as _;
use std::path::Path;

use dbtool::text::thousands;

use super::compare::Compared;
use super::house::House;
use super::plain;
use super::queries::Measured;
use super::times::Times;
use super::work::Kind;

/// Every query with its percentiles.
pub fn queries(house: &House, measured: &[Measured]) -> String {
    let mut text = format!(
        "### {}, {} orders: the repositories' queries\n\n| | p50 / p95 / p99, ms | calls |\n|---|---|---|\n",
        house.version(),
        thousands(house.sizes.orders)
    );
    for Measured { name, times, .. } in measured {
        writeln!(text, "| {name} | {} | {} |", times.percentiles(), thousands(times.len() as u64)).unwrap();
    }
    let late: Vec<_> = measured.iter().filter(|one| !one.is_in_time()).map(|one| one.name).collect();
    let late = if late.is_empty() { "none".to_owned() } else { late.join("; ") };
    write!(text, "\nBeyond 100 ms at the 95th percentile, or 2 ms by key: {late}.\n").unwrap();
    text
}

/// Ours and theirs, side by side.
pub fn work(house: &House, compared: &[Compared]) -> String {
    let plain = plain::name(house.backend);
    let mut text = format!(
        "### {}, {} orders: beside plain {plain}\n\n| | threads | dbtool, ms | a second | {plain}, ms | a second | p50 | p95 | \
         a second |\n|---|---|---|---|---|---|---|---|---|\n",
        house.version(),
        thousands(house.sizes.orders)
    );
    for Compared { kind, threads, ours, theirs, .. } in compared {
        let of = |percent| ours.percentile(percent).as_secs_f64() / theirs.percentile(percent).as_secs_f64();
        let rate = |times: &Times| thousands(times.rate().round() as u64);
        writeln!(
            text,
            "| {} | {threads} | {} | {} | {} | {} | {:.2} | {:.2} | {:.2} |",
            kind.name(),
            ours.percentiles(),
            rate(ours),
            theirs.percentiles(),
            rate(theirs),
            of(50),
            of(95),
            ours.rate() / theirs.rate()
        )
        .unwrap();
    }
    let conflicts: usize = compared.iter().map(|one| one.conflicts).sum();
    let placed = compared.iter().filter(|one| one.kind == Kind::Place).map(|one| one.ours.len()).sum::<usize>();
    write!(
        text,
        "\nDeadlocks and other conflicts that reached the caller: {conflicts}, of {} orders.\n",
        thousands(placed as u64)
    )
    .unwrap();
    text
}

/// Prints a part, and puts it where the last one of its kind stands.
pub fn give(house: &House, part: &str, text: &str, write: bool) {
    println!("{text}");
    if !write {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let before = std::fs::read_to_string(&path).unwrap();
    let mark = format!("<!-- shop, {}, {part} -->\n", house.backend.name());
    let (above, rest) = before.split_once(&mark).unwrap();
    let (_, below) = rest.split_once("<!-- ").unwrap();
    std::fs::write(&path, format!("{above}{mark}\n{text}\n<!-- {below}")).unwrap();
}
