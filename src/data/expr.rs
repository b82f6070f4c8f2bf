//! A filter as it was written: what is compared with what, before anybody knows whether there are such columns.

use std::sync::Arc;

/// Where something stands in what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The word or text, which all of its comparisons share.
    pub text: Arc<str>,
    /// A byte offset in it.
    pub at: usize,
    /// Whether it came by `--where` rather than as a word.
    pub is_where: bool,
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// A column, behind the names of related tables: `user.role`.
    pub path: Vec<String>,
    pub op: Op,
    pub operand: Operand,
    pub origin: Origin,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
    NotContains,
    Like,
    In,
    IsNull,
    IsNotNull,
}

/// What it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    None,
    One(String),
    Several(Vec<String>),
}

impl Op {
    /// The sign of those that compare one value with another.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "<>",
            Op::Greater => ">",
            Op::GreaterOrEqual => ">=",
            Op::Less => "<",
            Op::LessOrEqual => "<=",
            _ => "",
        }
    }

    /// Whether only values with an order can be compared so.
    #[must_use]
    pub fn orders(self) -> bool {
        matches!(self, Op::Greater | Op::GreaterOrEqual | Op::Less | Op::LessOrEqual)
    }
}
