//! In which order objects can be made, so that each finds what its text names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::relations::{Relations, What};
use super::routines::RoutineNames;
use super::types::Types;
use super::values::{Oid, oid};
use crate::catalog::model::{Making, Name, Object};
use crate::db::Row;

/// An object, by kind and number.
type Node = (&'static str, Oid);

/// That an object must be there before another.
struct Need {
    needed: Node,
    /// What of an object needs it, where that could be made later.
    part: Option<Part>,
}

/// What can be given to an object that is there already. In this order it is put off: a default or check costs less.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The default or check of a table: by its column's or its own name.
    OfTable(Name, String),
    /// The query of a view.
    Query(Name),
}

type Needs = BTreeMap<Node, Vec<Need>>;

pub(super) fn of(rows: &[Row], relations: &Relations, types: &Types, routines: &RoutineNames) -> Making {
    let names = named(relations, types, routines);
    let mut needs = needs(rows, &names, relations);
    let (mut later, mut views) = (Vec::new(), Vec::new());
    for part in put_off(&mut needs) {
        match part {
            Part::OfTable(table, part) => later.push((table, part)),
            Part::Query(view) => views.push(view),
        }
    }
    // By kind and name, where nothing else is needed: types come before routines, and those before tables.
    let mut all: Vec<(&Object, Node)> = names.iter().map(|(node, object)| (object, *node)).collect();
    all.sort();
    let mut walk = Walk { needs: &needs, seen: BTreeSet::new(), order: Vec::new() };
    for (_, node) in all {
        walk.to(node);
    }
    let order = walk.order.iter().filter_map(|node| names.get(node).cloned()).collect();
    Making { order, later, views, ..Making::default() }
}

/// The kind and name of each object that is shown.
fn named(relations: &Relations, types: &Types, routines: &RoutineNames) -> HashMap<Node, Object> {
    let mut names = HashMap::new();
    for (id, relation) in relations.0.iter().filter(|(_, relation)| !relation.hidden) {
        let kind = match relation.what {
            What::Table(_) => "table",
            What::View(_) => "view",
            What::Sequence(..) => "sequence",
            What::Composite(_) => "composite type",
        };
        names.insert(("relation", *id), Object::new(kind, relation.name.clone()));
    }
    let routine = |name: &Name| Object::new("routine", name.clone());
    names.extend(routines.iter().map(|(id, name)| (("routine", *id), routine(name))));
    let shown = types.shown().map(|(id, kind, name)| (("type", id), Object::new(kind, name.clone())));
    names.extend(shown);
    names
}

fn kind(word: &str) -> &'static str {
    match word {
        "relation" => "relation",
        "routine" => "routine",
        _ => "type",
    }
}

fn needs(rows: &[Row], names: &HashMap<Node, Object>, relations: &Relations) -> Needs {
    let mut needs = Needs::new();
    for row in rows {
        let (node, needed) = ((kind(row.text(0)), oid(row, 1)), (kind(row.text(4)), oid(row, 5)));
        let Some(object) = names.get(&node).filter(|_| names.contains_key(&needed)) else { continue };
        let is_plain_view = || {
            let relation = relations.0.get(&node.1);
            relation.is_some_and(|relation| matches!(&relation.what, What::View(view) if !view.materialized))
        };
        let part = match object.kind.as_str() {
            // A domain's parts are made with it.
            "table" => {
                row.optional(2).or(row.optional(3)).map(|part| Part::OfTable(object.name.clone(), part.to_owned()))
            }
            "view" if row.flag(6) && is_plain_view() => Some(Part::Query(object.name.clone())),
            _ => None,
        };
        // A view may have been given a query that reads the view itself.
        if node != needed || matches!(part, Some(Part::Query(_))) {
            needs.entry(node).or_default().push(Need { needed, part });
        }
    }
    needs
}

/// Takes out the needs that go round in a circle, such as that of a default which calls a function that reads its own table, or of
/// two views that read each other, and tells what must be made later instead.
fn put_off(needs: &mut Needs) -> BTreeSet<Part> {
    let mut candidates: Vec<(Part, Node, Node)> = needs
        .iter()
        .flat_map(|(node, all)| all.iter().filter_map(move |need| Some((need.part.clone()?, *node, need.needed))))
        // Whoever needs nothing is in no circle.
        .filter(|(_, _, needed)| needs.contains_key(needed))
        .collect();
    candidates.sort();
    let mut later = BTreeSet::new();
    for (part, node, needed) in candidates {
        if !reaches(needs, needed, node) {
            continue;
        }
        if let Some(all) = needs.get_mut(&node) {
            later.extend(
                all.extract_if(.., |need| need.needed == needed && need.part.is_some()).filter_map(|need| need.part),
            );
        }
        later.insert(part);
    }
    later
}

fn reaches(needs: &Needs, from: Node, to: Node) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        if node == to {
            return true;
        }
        if seen.insert(node) {
            open.extend(needs.get(&node).into_iter().flatten().map(|need| need.needed));
        }
    }
    false
}

/// Goes to each object after all that it needs.
struct Walk<'n> {
    needs: &'n Needs,
    seen: BTreeSet<Node>,
    order: Vec<Node>,
}

impl Walk<'_> {
    /// Without recursion: a chain of views can be long.
    fn to(&mut self, node: Node) {
        let mut open = vec![(node, false)];
        while let Some((node, is_ready)) = open.pop() {
            if is_ready {
                self.order.push(node);
            } else if self.seen.insert(node) {
                open.push((node, true));
                open.extend(self.needs.get(&node).into_iter().flatten().map(|need| (need.needed, false)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(needed: Node, part: Option<&str>) -> Need {
        Need { needed, part: part.map(|part| Part::OfTable(Name::of(None, "t"), part.to_owned())) }
    }

    #[test]
    fn what_is_needed_comes_first() {
        let needs: Needs = [
            (("relation", 1), vec![need(("relation", 2), None)]),
            (("relation", 2), vec![need(("relation", 3), None), need(("relation", 4), None)]),
            (("relation", 4), vec![need(("relation", 3), None)]),
        ]
        .into();
        let mut walk = Walk { needs: &needs, seen: BTreeSet::new(), order: Vec::new() };
        for id in 1..=4 {
            walk.to(("relation", id));
        }
        assert_eq!(walk.order.iter().map(|(_, id)| *id).collect::<Vec<_>>(), [3, 4, 2, 1]);
    }

    #[test]
    fn a_default_in_a_circle_is_made_later() {
        let (table, function) = (("relation", 1), ("routine", 2));
        let mut needs: Needs = [
            (table, vec![need(function, Some("number")), need(("routine", 3), Some("other"))]),
            (function, vec![need(table, None)]),
        ]
        .into();
        assert_eq!(put_off(&mut needs), [Part::OfTable(Name::of(None, "t"), "number".to_owned())].into());
        assert!(!reaches(&needs, table, function));
    }

    #[test]
    fn of_views_in_a_circle_the_first_by_name_waits_for_its_query() {
        let of = |name: &str, needed| Need { needed, part: Some(Part::Query(Name::of(None, name))) };
        let [b, a, own] = [("relation", 1), ("relation", 2), ("relation", 3)];
        let mut needs: Needs = [(b, vec![of("b", a)]), (a, vec![of("a", b)]), (own, vec![of("own", own)])].into();
        let later = ["a", "own"].map(|name| Part::Query(Name::of(None, name)));
        assert_eq!(put_off(&mut needs), later.into());
    }
}
