//! In which order tables are filled, so that each row finds those that it refers to: from the foreign keys, never by switching
//! them off.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Code, Error, Result};

/// A foreign key between two tables that are filled, or of a table to itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub from: String,
    pub columns: Vec<String>,
    pub to: String,
    /// All of its columns may be NULL.
    pub nullable: bool,
    /// It is checked when the transaction ends.
    pub deferred: bool,
}

impl Edge {
    fn shown(&self) -> String {
        format!("{}.{} → {}", self.from, self.columns.join(","), self.to)
    }
}

/// The order, and what must wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Order {
    pub tables: Vec<String>,
    /// Columns that are first left NULL, and updated when all rows are there: table and column.
    pub second_pass: BTreeSet<(String, String)>,
}

/// Finds it. Tables that do not depend on each other stay as they were given.
pub fn order(tables: &[String], edges: &[Edge]) -> Result<Order> {
    let mut open: Vec<&Edge> = edges.iter().filter(|edge| edge.from != edge.to && !edge.deferred).collect();
    let mut second_pass = BTreeSet::new();
    loop {
        let mut cycles = components(tables, &open).into_iter().filter(|component| component.len() > 1);
        let Some(cycle) = cycles.next() else { break };
        let within = |edge: &&&Edge| cycle.contains(&edge.from.as_str()) && cycle.contains(&edge.to.as_str());
        let Some(cut) = open.iter().filter(within).find(|edge| edge.nullable).copied() else {
            return Err(unbreakable(&open, &cycle));
        };
        second_pass.extend(cut.columns.iter().map(|column| (cut.from.clone(), column.clone())));
        open.retain(|edge| *edge != cut);
    }
    // Without cycles each component is a table, and stands behind those that it depends on.
    let tables = components(tables, &open).into_iter().flatten().map(str::to_owned).collect();
    Ok(Order { tables, second_pass })
}

fn unbreakable(edges: &[&Edge], cycle: &[&str]) -> Error {
    // Along the edges from the first table until one is met again.
    let mut path: Vec<&Edge> = Vec::new();
    let mut at = cycle[0];
    while !path.iter().any(|edge| edge.from == at) {
        let next = edges.iter().find(|edge| edge.from == at && cycle.contains(&edge.to.as_str()));
        let Some(next) = next else { break };
        path.push(next);
        at = &next.to;
    }
    let start = path.iter().position(|edge| edge.from == at).unwrap_or(0);
    let shown: Vec<_> = path[start..].iter().map(|edge| edge.shown()).collect();
    let mut tables: Vec<_> = cycle.iter().map(|table| format!("`{table}`")).collect();
    tables.sort();
    let error =
        Error::new(Code::SeedCycle, format!("the tables {} refer to each other in a circle", tables.join(", ")));
    error
        .note(format!("the circle: {}", shown.join(", ")))
        .hint("let one of these columns be NULL, or make its foreign key DEFERRABLE INITIALLY DEFERRED")
}

/// The strongly connected components (Tarjan), each behind those that it refers to.
fn components<'t>(tables: &'t [String], edges: &[&Edge]) -> Vec<Vec<&'t str>> {
    struct Walk<'t, 'e> {
        tables: &'t [String],
        targets: BTreeMap<&'e str, Vec<usize>>,
        /// For each table the number of its visit, and the lowest that can be reached from it.
        visits: Vec<Option<(usize, usize)>>,
        stack: Vec<usize>,
        count: usize,
        found: Vec<Vec<&'t str>>,
    }
    impl Walk<'_, '_> {
        fn visit(&mut self, at: usize) -> usize {
            let number = self.count;
            self.count += 1;
            self.visits[at] = Some((number, number));
            self.stack.push(at);
            let mut lowest = number;
            for target in self.targets.get(self.tables[at].as_str()).cloned().unwrap_or_default() {
                match self.visits[target] {
                    None => lowest = lowest.min(self.visit(target)),
                    Some((other, _)) if self.stack.contains(&target) => lowest = lowest.min(other),
                    Some(_) => {}
                }
            }
            self.visits[at] = Some((number, lowest));
            if lowest == number {
                let from = self.stack.iter().position(|one| *one == at).unwrap_or(0);
                let mut component: Vec<usize> = self.stack.split_off(from);
                component.sort_unstable();
                self.found.push(component.into_iter().map(|one| self.tables[one].as_str()).collect());
            }
            lowest
        }
    }
    let position = |name: &str| tables.iter().position(|table| table == name);
    let mut targets: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for edge in edges {
        if let Some(target) = position(&edge.to) {
            targets.entry(edge.from.as_str()).or_default().push(target);
        }
    }
    let mut walk =
        Walk { tables, targets, visits: vec![None; tables.len()], stack: Vec::new(), count: 0, found: Vec::new() };
    for at in 0..tables.len() {
        if walk.visits[at].is_none() {
            walk.visit(at);
        }
    }
    walk.found
}

/// Rows of one table in an order in which each stands behind those that it refers to; and those of a circle, which cannot.
#[must_use]
pub fn rows(count: usize, refers_to: &[Vec<usize>]) -> (Vec<usize>, Vec<usize>) {
    let mut waits: Vec<usize> = vec![0; count];
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (row, targets) in refers_to.iter().enumerate() {
        for target in targets.iter().filter(|target| **target != row) {
            waits[row] += 1;
            behind[*target].push(row);
        }
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|row| waits[*row] == 0).collect();
    let mut sorted = Vec::with_capacity(count);
    while let Some(row) = ready.pop_first() {
        sorted.push(row);
        for next in &behind[row] {
            waits[*next] -= 1;
            if waits[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    let left = (0..count).filter(|row| waits[*row] > 0).collect();
    (sorted, left)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edge(text: &str) -> Edge {
        let mut words = text.split(' ');
        let (from, to) = (words.next().unwrap(), words.next().unwrap());
        let rest: Vec<_> = words.collect();
        Edge {
            from: from.into(),
            columns: vec![format!("{to}_id")],
            to: to.into(),
            nullable: rest.contains(&"null"),
            deferred: rest.contains(&"deferred"),
        }
    }

    fn ordered(tables: &str, edges: &[&str]) -> Result<(String, String)> {
        let tables: Vec<String> = tables.split(' ').map(str::to_owned).collect();
        let edges: Vec<_> = edges.iter().map(|text| edge(text)).collect();
        let order = order(&tables, &edges)?;
        let later: Vec<_> = order.second_pass.iter().map(|(table, column)| format!("{table}.{column}")).collect();
        Ok((order.tables.join(" "), later.join(" ")))
    }

    #[test]
    fn parents_come_first() {
        let order =
            ordered("items orders products users", &["items orders", "items products", "orders users"]).unwrap();
        assert_eq!(order, ("users orders products items".into(), String::new()));
        // A table that refers to itself is a question of its rows.
        assert_eq!(ordered("a", &["a a"]).unwrap(), ("a".into(), String::new()));
    }

    #[test]
    fn circles_are_broken_where_that_can_be() {
        assert_eq!(ordered("a b", &["a b", "b a null"]).unwrap(), ("b a".into(), "b.a_id".into()));
        assert_eq!(ordered("a b", &["a b deferred", "b a"]).unwrap(), ("a b".into(), String::new()));
        let error = ordered("a b c", &["a b", "b c", "c b"]).unwrap_err();
        assert_eq!(error.to_string(), "the tables `b`, `c` refer to each other in a circle");
        assert_eq!(error.notes(), ["the circle: b.c_id → c, c.b_id → b"]);
    }

    proptest! {
        #[test]
        fn no_table_stands_before_one_that_it_refers_to(pairs in prop::collection::vec((0..8usize, 0..8usize, any::<bool>()), 0..24)) {
            let tables: Vec<String> = (0..8).map(|at| format!("t{at}")).collect();
            let edges: Vec<Edge> = pairs
                .iter()
                .enumerate()
                .map(|(at, (from, to, nullable))| Edge {
                    from: format!("t{from}"),
                    columns: vec![format!("c{at}")],
                    to: format!("t{to}"),
                    nullable: *nullable,
                    deferred: false,
                })
                .collect();
            if let Ok(order) = order(&tables, &edges) {
                    prop_assert_eq!(order.tables.len(), tables.len());
                    let place = |name: &str| order.tables.iter().position(|table| table == name);
                    for edge in edges.iter().filter(|edge| edge.from != edge.to) {
                        let later = order.second_pass.contains(&(edge.from.clone(), edge.columns[0].clone()));
                        prop_assert!(later || place(&edge.to) < place(&edge.from), "{:?} {:?}", edge, order);
                    }
            } else {
                // Only where there is a circle without a column that may be NULL.
                    let hard: Vec<Edge> = edges.iter().filter(|edge| !edge.nullable).cloned().collect();
                    prop_assert!(order(&tables, &hard).is_err());
            }
        }

        #[test]
        fn rows_stand_behind_those_that_they_refer_to(targets in prop::collection::vec(prop::collection::vec(0..12usize, 0..3), 12)) {
            let (sorted, left) = rows(12, &targets);
            prop_assert_eq!(sorted.len() + left.len(), 12);
            for (at, row) in sorted.iter().enumerate() {
                for target in targets[*row].iter().filter(|target| *target != row) {
                    prop_assert!(sorted[..at].contains(target));
                }
            }
        }
    }
}
