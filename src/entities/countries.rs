//! Countries, by their ISO 3166 code: reference data.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::broken::Broken;
use super::entity::Entity;
use super::field::{Field, Meaning};
use super::model::model;
use crate::record::Record;
use crate::schema::countries;

/// The entity.
pub struct Countries;

const FIELDS: &[Field] =
    &[Field::new("code", Meaning::Text).longest(2), Field::new("name", Meaning::Text).longest(255)];

impl Entity for Countries {
    fn table(&self) -> &'static str {
        "countries"
    }

    fn singular(&self) -> &'static str {
        "country"
    }

    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn key(&self) -> &'static [&'static str] {
        &["code"]
    }

    fn rules(&self, record: &Record, broken: &mut Vec<Broken>) {
        let code = record.get("code").and_then(serde_json::Value::as_str).unwrap_or_default();
        if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            broken.push(Broken::new("code", "code", "is not two capital letters, as ISO 3166 has them"));
        }
    }
}

/// A country as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Identifiable)]
#[diesel(table_name = countries, primary_key(code))]
pub struct Country {
    pub code: String,
    pub name: String,
}

/// A country to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Insertable)]
#[diesel(table_name = countries, treat_none_as_default_value = false)]
pub struct NewCountry {
    pub code: String,
    pub name: String,
}

/// What changes of a country.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, AsChangeset)]
#[diesel(table_name = countries)]
pub struct CountryChanges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

model! {
    Country, NewCountry, CountryChanges, Countries, countries,
    key String: |it| it.code.clone(), |key| key.as_str(),
    same |new| countries::code.eq(new.code.clone()),
    newest countries::code,
    oldest countries::code,
    by_key countries::code
}
