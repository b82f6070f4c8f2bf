//! Which columns an order as a person reads it is made of, so that what is sensitive stays hidden in it.

use serde_json::Value;

use super::details::Details;
use crate::audit::Sensitive;
use crate::record::Record;
use crate::secret::MASK;

/// An order as an event or a screen has it, its sensitive values masked.
#[must_use]
pub fn masked(order: &Details, sensitive: &Sensitive) -> Record {
    let mut record = order.record();
    hide(&mut record, sensitive);
    record
}

/// Masks what is sensitive of an order, or of one that is asked for.
pub(super) fn hide(order: &mut Record, sensitive: &Sensitive) {
    for (field, value) in order.iter_mut() {
        match value {
            Value::Array(items) => {
                for (field, value) in items.iter_mut().filter_map(Value::as_object_mut).flatten() {
                    hide_one(value, sensitive, &item(field));
                }
            }
            value => {
                let of = if field == "user" { ("users", "email") } else { ("orders", field.as_str()) };
                hide_one(value, sensitive, &[of]);
            }
        }
    }
}

/// The columns that tell a field of an item.
fn item(field: &str) -> Vec<(&'static str, &str)> {
    match field {
        "sku" | "name" => vec![("products", field)],
        "amount" => vec![("order_items", "quantity"), ("order_items", "unit_price")],
        field => vec![("order_items", field)],
    }
}

fn hide_one(value: &mut Value, sensitive: &Sensitive, columns: &[(&str, &str)]) {
    if columns.iter().any(|(table, column)| sensitive.has(table, column)) {
        *value = MASK.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_is_masked_by_the_column_that_it_comes_from() {
        let order = json!({
            "id": "1", "user": "a@b.c", "user_id": "2", "total_amount": "3.00",
            "items": [{ "sku": "CUP", "name": "Cup", "quantity": 2, "unit_price": "1.50", "amount": "3.00" }],
        });
        let masked = |columns: &[&str]| {
            let mut order = order.as_object().cloned().unwrap();
            hide(&mut order, &columns.iter().collect());
            Value::from(order).to_string().matches(MASK).count()
        };
        assert_eq!(masked(&[]), 0);
        assert_eq!(masked(&["users.email"]), 1);
        assert_eq!(masked(&["orders.total_amount", "products.name"]), 2);
        // The price, and what it can be told from.
        assert_eq!(masked(&["order_items.unit_price"]), 2);
        assert_eq!(masked(&["orders.email", "products.quantity"]), 0);
    }
}
