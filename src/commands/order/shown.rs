//! An order as it is printed: sensitive values masked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::Sensitive;
use crate::commands::when;
use crate::db::types::Instant;
use crate::entities::ordering::{Details, masked};
use crate::error::{Code, Error, Result};
use crate::output::{Column, Report, Rows};

/// [`Details`], of which any value may be a mask.
#[derive(Debug, Serialize, Deserialize)]
pub struct Shown {
    id: Value,
    status: Value,
    user_id: Value,
    user: Value,
    total_amount: Value,
    created_at: Value,
    updated_at: Value,
    items: Vec<Item>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Item {
    product_id: Value,
    sku: Value,
    name: Value,
    quantity: Value,
    unit_price: Value,
    amount: Value,
}

impl Shown {
    pub fn of(order: &Details, sensitive: &Sensitive) -> Result<Self> {
        let shown = serde_json::from_value(masked(order, sensitive).into());
        shown.map_err(|cause| Error::new(Code::Unexpected, "cannot show the order").because(cause))
    }

    pub fn id(&self) -> String {
        text(&self.id)
    }

    pub fn status(&self) -> String {
        text(&self.status)
    }

    pub fn user(&self) -> String {
        text(&self.user)
    }

    pub fn total(&self) -> String {
        text(&self.total_amount)
    }

    /// How many items it has.
    pub fn count(&self) -> String {
        self.items.len().to_string()
    }

    pub fn placed(&self) -> String {
        text(&self.created_at)
    }

    pub fn placed_short(&self) -> String {
        short(&self.created_at)
    }

    /// When it was last changed; nothing where it was not.
    pub fn changed_short(&self) -> String {
        if self.updated_at == self.created_at { String::new() } else { short(&self.updated_at) }
    }
}

/// The items are the rows of an order.
impl Report for Shown {
    fn rows(&self) -> Option<Rows> {
        let row = |item: &Item| {
            [&item.sku, &item.name, &item.quantity, &item.unit_price, &item.amount].into_iter().map(text).collect()
        };
        let columns = vec![
            Column::left("sku"),
            Column::left("name"),
            Column::right("quantity"),
            Column::right("unit price"),
            Column::right("amount"),
        ];
        Some(Rows { columns, rows: self.items.iter().map(row).collect() })
    }

    fn list(&self) -> &'static str {
        "items"
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn short(moment: &Value) -> String {
    let text = text(moment);
    text.parse::<Instant>().map_or(text, when::short)
}
