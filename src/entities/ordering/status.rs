//! The life of an order: pending, paid, shipped, delivered; cancelled or returned on the way.

use std::fmt;

use serde::Serialize;

use crate::error::{Code, Error, Result};
use crate::text;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pending,
    Paid,
    Shipped,
    Delivered,
    Cancelled,
    Returned,
}

impl Status {
    pub const ALL: &[Status] =
        &[Self::Pending, Self::Paid, Self::Shipped, Self::Delivered, Self::Cancelled, Self::Returned];

    /// As the column has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name() == name)
    }

    /// Where it can go from here.
    #[must_use]
    pub fn next(self) -> &'static [Status] {
        match self {
            Self::Pending => &[Self::Paid, Self::Cancelled],
            Self::Paid => &[Self::Shipped, Self::Cancelled],
            Self::Shipped => &[Self::Delivered],
            Self::Delivered => &[Self::Returned],
            Self::Cancelled | Self::Returned => &[],
        }
    }

    /// Whether what was ordered is back in stock.
    #[must_use]
    pub fn is_restocked(self) -> bool {
        matches!(self, Self::Cancelled | Self::Returned)
    }

    /// The status behind a move, or why it cannot be made.
    pub fn check(self, order: &str, to: Status) -> Result<()> {
        if self.next().contains(&to) {
            return Ok(());
        }
        let message = if self == to {
            format!("the order `{order}` is {self} already")
        } else {
            format!("the order `{order}` cannot become {to}: it is {self}")
        };
        let allowed = self.next().iter().filter_map(|to| Move::to(*to));
        let allowed: Vec<_> = allowed.map(|one| format!("`dbtool order {one} {order}`")).collect();
        let error = Error::new(Code::OrderLifeCycle, message);
        Err(if allowed.is_empty() {
            error.note(format!("no move leads on from {self}"))
        } else {
            error.hint(format!("what can be done: {}", text::listed(allowed)))
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is done to an order that is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    Pay,
    Ship,
    Deliver,
    Cancel,
    Return,
}

impl Move {
    pub const ALL: &[Move] = &[Self::Pay, Self::Ship, Self::Deliver, Self::Cancel, Self::Return];

    /// As a command and an audit event have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Ship => "ship",
            Self::Deliver => "deliver",
            Self::Cancel => "cancel",
            Self::Return => "return",
        }
    }

    /// What it leads to.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Pay => Status::Paid,
            Self::Ship => Status::Shipped,
            Self::Deliver => Status::Delivered,
            Self::Cancel => Status::Cancelled,
            Self::Return => Status::Returned,
        }
    }

    /// The one that leads to a status; `None`: an order begins there.
    #[must_use]
    pub fn to(status: Status) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.status() == status)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_cycle_is_that_of_the_design() {
        let cases = [
            ("pending", "paid cancelled"),
            ("paid", "shipped cancelled"),
            ("shipped", "delivered"),
            ("delivered", "returned"),
            ("cancelled", ""),
            ("returned", ""),
        ];
        assert_eq!(
            crate::entities::orders::STATUSES,
            Status::ALL.iter().map(|status| status.name()).collect::<Vec<_>>()
        );
        assert_eq!(cases.len(), Status::ALL.len());
        for (from, next) in cases {
            let status = Status::from_name(from).unwrap();
            let names: Vec<_> = status.next().iter().map(|status| status.name()).collect();
            assert_eq!(names.join(" "), next, "{from}");
            for to in Status::ALL {
                assert_eq!(
                    status.check("1", *to).is_ok(),
                    next.split(' ').any(|next| next == to.name()),
                    "{from} {to}"
                );
            }
        }
        // Whatever can be reached, a command leads to.
        assert!(Status::ALL.iter().flat_map(|status| status.next()).all(|status| Move::to(*status).is_some()));
    }

    #[test]
    fn a_refusal_names_what_can_be_done() {
        let refused = Status::Paid.check("7", Status::Delivered).unwrap_err();
        assert_eq!(refused.exit_code().number(), 11);
        assert_eq!(refused.to_string(), "the order `7` cannot become delivered: it is paid");
        assert_eq!(refused.hints(), ["what can be done: `dbtool order ship 7`, `dbtool order cancel 7`"]);
        let refused = Status::Returned.check("7", Status::Returned).unwrap_err();
        assert_eq!((refused.to_string().as_str(), refused.hints().len()), ("the order `7` is returned already", 0));
    }
}
