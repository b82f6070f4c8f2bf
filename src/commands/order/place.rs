//! `dbtool order place`

use super::{hint, print};
use crate::commands::db::check_stamp;
use crate::context::Context;
use crate::entities::ordering::{self, Wanted};
use crate::exit_code::ExitCode;
use crate::output::Style;

/// Place an order: take its items out of stock, at the products' prices
///
/// All of it is done, or nothing. A product that is named twice is one item.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who orders, by e-mail address
    #[arg(long, value_name = "EMAIL")]
    user: String,
    /// A product, and how many of it: `--item CUP-1=2`; once for each product
    #[arg(long = "item", value_name = "SKU=QUANTITY", value_parser = item)]
    items: Vec<Wanted>,
    /// Show the order as it would be, and place nothing
    #[arg(long)]
    dry_run: bool,
}

/// The quantity stands behind the last `=`: a SKU may have one of its own.
fn item(text: &str) -> Result<Wanted, String> {
    let wrong = || "an item is a product's SKU and a whole number: `CUP-1=2`".to_owned();
    let (sku, quantity) = text.rsplit_once('=').filter(|(sku, _)| !sku.is_empty()).ok_or_else(wrong)?;
    let quantity = quantity.trim().parse().map_err(|_| wrong())?;
    Ok(Wanted { sku: sku.to_owned(), quantity })
}

pub fn run(context: &Context<'_>, args: &Args) -> anyhow::Result<ExitCode> {
    let mut connection = context.changing()?;
    let trail = context.trail(&mut connection)?;
    let order = if args.dry_run {
        ordering::rehearse_place(&mut connection, &trail, &args.user, &args.items)?
    } else {
        check_stamp(context)?;
        ordering::place(&mut connection, &trail, &args.user, &args.items)?
    };
    if !args.dry_run {
        context.terminal.done(format!("the order `{}` is placed: do not place it again", order.id));
    }
    print(context, &order)?;
    if args.dry_run {
        let word = context.terminal.paint(Style::Bold, "dry run");
        context.terminal.status(&format!("{word}: nothing was placed"));
    } else {
        hint(context.terminal, &order);
    }
    Ok(ExitCode::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_a_sku_and_a_quantity() {
        let read = |text| item(text).map(|wanted| (wanted.sku, wanted.quantity));
        assert_eq!(read("CUP-1=2"), Ok(("CUP-1".into(), 2)));
        assert_eq!(read("a=b=-3"), Ok(("a=b".into(), -3)));
        for wrong in ["CUP-1", "=2", "CUP=", "CUP=two", "CUP=1.5", "CUP=99999999999999999999"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
