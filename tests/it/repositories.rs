//! Repositories: the same contract on every backend, in transactions of their own and in the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dbtool::audit::{Options as TrailOptions, Trail};
use dbtool::db::types::{Id, Instant, Money};
use dbtool::db::{AnyConnection, TransactionOptions, Which, transaction};
use dbtool::entities::categories::{Category, CategoryChanges, NewCategory};
use dbtool::entities::countries::{Country, CountryChanges, NewCountry};
use dbtool::entities::order_items::{NewOrderItem, OrderItem, OrderItemChanges};
use dbtool::entities::orders::{NewOrder, Order, OrderChanges};
use dbtool::entities::product_categories::{NewProductCategory, ProductCategory, ProductCategoryKey};
use dbtool::entities::products::{NewProduct, Product, ProductChanges};
use dbtool::entities::user_profiles::{NewUserProfile, UserProfile, UserProfileChanges};
use dbtool::entities::users::{NewUser, User, UserChanges};
use dbtool::entities::{Cache, Count, Filter, Options, Repository, RepositoryError, Sort, Total, Upserted};
use dbtool::error::Error;
use dbtool::schema::{orders, products, users};
use diesel::connection::{InstrumentationEvent, SimpleConnection as _};
use diesel::prelude::*;

use crate::support::{Project, on_each_backend, shop};
use crate::values::connection;

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";

/// A database with the shop's tables, a connection, and a trail.
fn open(project: Project) -> (Project, AnyConnection, Trail) {
    let project = shop(project);
    let mut connection = connection(&project);
    let trail = Trail::open(&mut connection, TrailOptions::default()).unwrap();
    (project, connection, trail)
}

fn on_each_shop(test: impl Fn(&Project, &mut AnyConnection, &Trail)) {
    on_each_backend(|project| {
        let (project, mut connection, trail) = open(project);
        test(&project, &mut connection, &trail);
    });
}

fn user(email: &str) -> NewUser {
    NewUser::new(email, HASH, "Alice", "Archer")
}

fn money(amount: &str) -> Money {
    amount.parse().unwrap()
}

/// The events, without what differs from run to run.
fn events(project: &Project) -> Vec<String> {
    project.query("SELECT action, entity, outcome FROM audit_events ORDER BY id")
}

/// Counts the statements that are sent from now on, those of transactions not among them.
fn count(connection: &mut AnyConnection) -> Arc<AtomicUsize> {
    let counter = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&counter);
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { .. } = event {
            counting.fetch_add(1, Ordering::Relaxed);
        }
    });
    counter
}

#[test]
fn rows_are_made_found_changed_and_removed() {
    on_each_shop(|project, connection, trail| {
        let users = Repository::<User>::new(trail);
        let new = NewUser { email: " Alice@Example.com".into(), ..user("") };
        let alice = users.create(connection, &new).unwrap();
        // As it is stored: the address in lower case, the times by the database.
        assert_eq!((alice.id, alice.email.as_str(), alice.role.as_str()), (new.id, "alice@example.com", "customer"));
        assert!(alice.created_at <= Instant::now() && alice.updated_at == alice.created_at);
        assert_eq!(users.find_by_id(connection, &alice.id).unwrap(), alice);
        assert!(users.exists(connection, &alice.id).unwrap());
        let changes = UserChanges { first_name: Some("Ada".into()), ..UserChanges::default() };
        let ada = users.update(connection, &alice.id, &changes).unwrap();
        assert_eq!((ada.first_name.as_str(), ada.last_name.as_str()), ("Ada", "Archer"));
        assert!(ada.updated_at > alice.updated_at, "what the trigger set is read again on {}", project.backend);
        // Nothing changes, so nothing is done.
        assert_eq!(users.update(connection, &alice.id, &changes).unwrap(), ada);
        assert_eq!(users.update(connection, &alice.id, &UserChanges::default()).unwrap(), ada);
        assert_eq!(users.delete(connection, &alice.id).unwrap(), ada);
        assert!(!users.exists(connection, &alice.id).unwrap());
        assert_eq!(events(project), ["create|users|done", "update|users|done", "delete|users|done"]);
        // The hash is in no event.
        let secrets = project.query("SELECT count(*) FROM audit_events WHERE after IS NOT NULL");
        assert_eq!(secrets, ["2"]);
    });
}

#[test]
fn every_model_is_stored_and_comes_back() {
    on_each_shop(|_, connection, trail| {
        let categories = Repository::<Category>::new(trail);
        let root = categories.create(connection, &NewCategory::new("kitchen", "Kitchen", None)).unwrap();
        let cups = categories.create(connection, &NewCategory::new("cups", "Cups", Some(root.id))).unwrap();
        assert_eq!(categories.by_slug(connection, "cups").unwrap(), Some(cups.clone()));
        assert_eq!(categories.within(connection, root.id).unwrap(), std::slice::from_ref(&cups));
        let up = CategoryChanges { parent_id: Some(None), ..CategoryChanges::default() };
        assert_eq!(categories.update(connection, &cups.id, &up).unwrap().parent_id, None);

        let countries = Repository::<Country>::new(trail);
        let at = countries.create(connection, &NewCountry { code: "AT".into(), name: "Austria".into() }).unwrap();
        let renamed = CountryChanges { name: Some("Österreich".into()) };
        assert_eq!(countries.update(connection, &at.code, &renamed).unwrap().name, "Österreich");
        assert_eq!(
            countries.find_all(connection, &Filter::all(), &Options::new()).unwrap().total,
            Some(Total::Exact(1))
        );

        let alice = Repository::<User>::new(trail).create(connection, &user("alice@example.com")).unwrap();
        let profiles = Repository::<UserProfile>::new(trail);
        let profile = NewUserProfile {
            user_id: alice.id,
            phone: Some("+43 1 234".into()),
            country_code: Some("AT".into()),
            birth_date: Some("1990-02-28".parse().unwrap()),
            created_by: None,
            updated_by: None,
        };
        let stored = profiles.create(connection, &profile).unwrap();
        assert_eq!(stored.birth_date, profile.birth_date);
        let changes = UserProfileChanges { phone: Some(None), ..UserProfileChanges::default() };
        let changed = profiles.update(connection, &alice.id, &changes).unwrap();
        assert_eq!((changed.phone, changed.country_code), (None, Some("AT".into())));

        let products = Repository::<Product>::new(trail);
        let cup = products.create(connection, &NewProduct::new("CUP", "Cup", money("12.50"), 7)).unwrap();
        let changes = ProductChanges {
            price: Some(money("1.10")),
            description: Some(Some("White".into())),
            ..ProductChanges::default()
        };
        let cup = products.update(connection, &cup.id, &changes).unwrap();
        assert_eq!((cup.price, cup.description.as_deref(), cup.stock_quantity), (money("1.10"), Some("White"), 7));
        let junction = Repository::<ProductCategory>::new(trail);
        let key = ProductCategoryKey { product_id: cup.id, category_id: cups.id };
        junction.create(connection, &NewProductCategory { product_id: cup.id, category_id: cups.id }).unwrap();
        assert!(junction.exists(connection, &key).unwrap());
        junction.delete(connection, &key).unwrap();
        assert!(!junction.exists(connection, &key).unwrap());

        let orders = Repository::<Order>::new(trail);
        let order = orders.create(connection, &NewOrder::new(alice.id, money("9999999999.99"))).unwrap();
        assert_eq!((order.status.as_str(), order.total_amount), ("pending", money("9999999999.99")));
        let items = Repository::<OrderItem>::new(trail);
        let item =
            NewOrderItem { id: Id::new(), order_id: order.id, product_id: cup.id, quantity: 2, unit_price: cup.price };
        items.create(connection, &item).unwrap();
        let more = OrderItemChanges { quantity: Some(3), ..OrderItemChanges::default() };
        assert_eq!(items.update(connection, &item.id, &more).unwrap().quantity, 3);
        assert_eq!(
            items.find_all(connection, &Filter::all(), &Options::new().sort(Sort::Oldest)).unwrap().total,
            Some(Total::Exact(1))
        );
    });
}

#[test]
fn errors_tell_what_a_program_needs_to_know() {
    on_each_shop(|project, connection, trail| {
        let users = Repository::<User>::new(trail);
        let alice = users.create(connection, &user("alice@example.com")).unwrap();
        let code = |error: RepositoryError| Error::from(error).exit_code().number();

        let id = Id::new();
        let error = users.find_by_id(connection, &id).unwrap_err();
        assert!(matches!(&error, RepositoryError::NotFound { entity: "user", key } if *key == id.to_string()));
        assert_eq!((error.to_string(), code(error)), (format!("there is no user `{id}`"), 10));
        assert!(matches!(
            users.update(connection, &id, &UserChanges::default()),
            Err(RepositoryError::NotFound { .. })
        ));
        assert!(matches!(users.delete(connection, &id), Err(RepositoryError::NotFound { .. })));

        // Every rule at once.
        let bad = NewUser {
            first_name: String::new(),
            last_name: "x".repeat(101),
            role: "king".into(),
            password_hash: "secret".into(),
            ..user("nobody")
        };
        let error = users.create(connection, &bad).unwrap_err();
        let RepositoryError::Validation { entity: "user", broken } = &error else { panic!("{error:?}") };
        let rules: Vec<_> = broken.iter().map(|broken| format!("{} {}", broken.column, broken.rule)).collect();
        assert_eq!(
            rules,
            ["email email", "password_hash password", "first_name mandatory", "last_name length", "role choice"]
        );
        assert_eq!(code(error), 11);
        let country = NewCountry { code: "at".into(), name: "Austria".into() };
        let error = Repository::<Country>::new(trail).create(connection, &country).unwrap_err();
        assert!(matches!(error, RepositoryError::Validation { entity: "country", .. }), "{error:?}");

        let constraint = |error: RepositoryError| match error {
            RepositoryError::Constraint(constraint) => constraint,
            other => panic!("{other:?} on {}", project.backend),
        };
        let taken = constraint(users.create(connection, &user("alice@example.com")).unwrap_err());
        assert_eq!(taken.which, Which::Unique);
        // Each backend names the constraint, its columns, or both.
        let named = taken.name.as_deref() == Some("uq_users_email") || taken.columns == ["email"];
        assert!(named, "{taken:?} on {}", project.backend);
        let nobody = NewOrder::new(Id::new(), money("1"));
        let missing = constraint(Repository::<Order>::new(trail).create(connection, &nobody).unwrap_err());
        assert_eq!(missing.which, Which::ForeignKey);
        Repository::<Order>::new(trail).create(connection, &NewOrder::new(alice.id, money("1"))).unwrap();
        assert_eq!(constraint(users.delete(connection, &alice.id).unwrap_err()).which, Which::ForeignKey);
        // What the rules let pass and the database does not.
        let sql = "UPDATE users SET first_name = NULL";
        let error = RepositoryError::from(connection.batch_execute(sql).unwrap_err());
        let null = constraint(error);
        assert_eq!((null.which, null.columns.as_slice()), (Which::NotNull, &["first_name".to_owned()][..]));
        let error = connection.batch_execute("UPDATE users SET role = 'king'").unwrap_err();
        let check = constraint(error.into());
        assert_eq!((check.which, check.name.as_deref()), (Which::Check, Some("ck_users_role")));

        // What failed is recorded, after its rollback.
        let failed = project.query("SELECT action, entity FROM audit_events WHERE outcome = 'failed' ORDER BY id");
        let expected = [
            "update|users",
            "delete|users",
            "create|users",
            "create|countries",
            "create|users",
            "create|orders",
            "delete|users",
        ];
        assert_eq!(failed, expected);
    });
}

#[test]
fn a_lost_connection_is_told_as_one() {
    crate::support::on_servers(|project| {
        let (project, mut connection, trail) = open(project);
        let users = Repository::<User>::new(&trail);
        let alice = users.create(&mut connection, &user("alice@example.com")).unwrap();
        let kill = project.by_backend(
            String::new(),
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()", project.database()),
            "SELECT GROUP_CONCAT(id) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()".to_owned(),
        );
        let mut session = project.session();
        let found = session.query(&kill).unwrap();
        if !found[0].text(0).starts_with('t') {
            for id in found[0].text(0).split(',') {
                session.execute(&format!("KILL {id}")).unwrap();
            }
        }
        let error = users.update(&mut connection, &alice.id, &UserChanges::default()).unwrap_err();
        assert!(matches!(error, RepositoryError::Connection(_)), "{error:?} on {}", project.backend);
        assert_eq!(Error::from(error).exit_code().number(), 8);
    });
}

#[test]
fn pages_come_newest_first_with_the_total() {
    on_each_shop(|_, connection, trail| {
        let products = Repository::<Product>::new(trail);
        let mut made = Vec::new();
        for number in 0..23 {
            let new = NewProduct::new(&format!("P-{number:02}"), "Thing", money("1"), number);
            made.push(products.create(connection, &new).unwrap());
        }
        let skus = |rows: &[Product]| rows.iter().map(|row| row.sku.clone()).collect::<Vec<_>>().join(" ");
        made.sort_by_key(|product| std::cmp::Reverse((product.created_at, product.id)));
        let page = products.find_all(connection, &Filter::all(), &Options::new()).unwrap();
        assert_eq!((page.rows.len(), page.total), (20, Some(Total::Exact(23))));
        assert_eq!(skus(&page.rows), skus(&made[..20]));
        let rest = products.find_all(connection, &Filter::all(), &Options::new().offset(20)).unwrap();
        assert_eq!(skus(&rest.rows), skus(&made[20..]));
        let oldest = Options::new().sort(Sort::Oldest).limit(2).without_total();
        let page = products.find_all(connection, &Filter::all(), &oldest).unwrap();
        assert_eq!((skus(&page.rows), page.total), ("P-00 P-01".into(), None));
        let by_key = products.find_all(connection, &Filter::all(), &Options::new().sort(Sort::Key).limit(1)).unwrap();
        assert_eq!(Some(by_key.rows[0].id), made.iter().map(|product| product.id).min());
        let filter = || Filter::of(|| products::stock_quantity.lt(5)).and(|| products::sku.ne("P-03"));
        assert_eq!(products.count(connection, &filter()).unwrap(), 4);
        let page = products.find_all(connection, &filter(), &Options::new().limit(3)).unwrap();
        assert_eq!((page.rows.len(), page.total), (3, Some(Total::Exact(4))));
        let none = products.find_all(connection, &filter(), &Options::new().offset(100)).unwrap();
        assert_eq!((none.rows.len(), none.total), (0, Some(Total::Exact(4))));
        let total = |connection: &mut AnyConnection, count| {
            products.find_all(connection, &Filter::all(), &Options::new().count(count)).unwrap().total
        };
        assert_eq!(total(connection, Count::UpTo(22)), Some(Total::AtLeast(22)));
        assert_eq!(total(connection, Count::UpTo(23)), Some(Total::Exact(23)));
        assert_eq!(total(connection, Count::All), Some(Total::Exact(23)));
        assert_eq!(total(connection, Count::No), None);
        assert_eq!((Total::AtLeast(22).to_string(), Total::AtLeast(22).rows()), ("22 or more".into(), 22));
    });
}

#[test]
fn categories_are_a_tree() {
    on_each_shop(|_, connection, trail| {
        let categories = Repository::<Category>::new(trail);
        let mut made: Vec<Category> = Vec::new();
        for (slug, within) in [("a", None), ("b", Some(0)), ("c", Some(1)), ("d", None)] {
            let new = NewCategory::new(slug, slug, within.map(|at: usize| made[at].id));
            made.push(categories.create(connection, &new).unwrap());
        }
        let broken = |error: RepositoryError| match error {
            RepositoryError::Validation { broken, .. } => broken[0].to_string(),
            other => panic!("{other:?}"),
        };
        let mut put = |what: usize, within: usize| {
            let changes = CategoryChanges { parent_id: Some(Some(made[within].id)), ..CategoryChanges::default() };
            categories.update(connection, &made[what].id, &changes).map(|_| ()).map_err(broken)
        };
        assert_eq!(put(0, 0), Err("`parent_id` is the category itself".into()));
        assert_eq!(put(0, 1), Err("`parent_id` is a category within this one".into()));
        assert_eq!(put(0, 2), Err("`parent_id` is a category within this one".into()));
        // What is no circle is allowed: another branch, and the parent that it has.
        assert_eq!(put(0, 3), Ok(()));
        assert_eq!(put(2, 1), Ok(()));
        assert_eq!(put(2, 3), Ok(()));
        assert_eq!(put(3, 2), Err("`parent_id` is a category within this one".into()));
        let itself = NewCategory::new("e", "e", None);
        let itself = NewCategory { parent_id: Some(itself.id), ..itself };
        assert_eq!(
            categories.create(connection, &itself).map_err(broken),
            Err("`parent_id` is the category itself".into())
        );
    });
}

#[test]
fn upsert_makes_what_is_not_there_and_renews_what_is() {
    on_each_shop(|project, connection, trail| {
        let products = Repository::<Product>::new(trail);
        let new = NewProduct::new("CUP", "Cup", money("12.50"), 7);
        let Upserted::Created(cup) = products.upsert(connection, &new).unwrap() else { panic!("it was not there") };
        // By its natural key: the id and who created it stay.
        let again = NewProduct { name: "Big cup".into(), ..NewProduct::new("CUP", "", money("12.50"), 7) };
        let Upserted::Updated(renewed) = products.upsert(connection, &again).unwrap() else { panic!("it was there") };
        assert_eq!((renewed.id, renewed.name.as_str(), renewed.created_at), (cup.id, "Big cup", cup.created_at));
        assert_eq!(products.upsert(connection, &again).unwrap().into_row(), renewed);
        assert_eq!(events(project), ["create|products|done", "update|products|done"]);
        let wrong = NewProduct { price: money("-1"), ..again };
        assert!(matches!(products.upsert(connection, &wrong), Err(RepositoryError::Validation { .. })));
        // By many at once: one makes it, and nobody is told of the others.
        let barrier = std::sync::Barrier::new(4);
        let upsert = |number: i32| {
            let mut connection = crate::values::connection(project);
            let new = NewProduct::new("POT", "Pot", money("1"), number);
            barrier.wait();
            Repository::<Product>::new(trail).upsert(&mut connection, &new).unwrap().into_row().id
        };
        let ids: Vec<Id> = std::thread::scope(|scope| {
            let clients: Vec<_> = (1..=4).map(|number| scope.spawn(move || upsert(number))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(products.count(connection, &Filter::all()).unwrap(), 2);
    });
}

#[test]
fn every_method_works_in_the_callers_transaction() {
    on_each_shop(|project, connection, trail| {
        let users = Repository::<User>::new(trail);
        let refused: Result<(), RepositoryError> = transaction(connection, &TransactionOptions::new(), |connection| {
            let alice = users.create(connection, &user("alice@example.com"))?;
            // A change that fails takes nothing else with it.
            assert!(users.create(connection, &user("alice@example.com")).is_err());
            users.update(
                connection,
                &alice.id,
                &UserChanges { status: Some("suspended".into()), ..UserChanges::default() },
            )?;
            assert_eq!(users.active(connection, &Options::new())?.total, Some(Total::Exact(0)));
            users.upsert(connection, &user("bob@example.com"))?;
            users.delete(connection, &alice.id)?;
            Err(RepositoryError::NotFound { entity: "reason", key: String::new() })
        });
        assert!(matches!(refused, Err(RepositoryError::NotFound { entity: "reason", .. })));
        assert_eq!(users.count(connection, &Filter::all()).unwrap(), 0);
        // Neither are there events: who owns the transaction records that it failed.
        assert_eq!(events(project), [""; 0]);
    });
}

#[test]
fn rows_keep_in_whose_name_they_were_changed() {
    on_each_shop(|_, connection, trail| {
        let users = Repository::<User>::new(trail);
        let admin = users.create(connection, &NewUser { role: "admin".into(), ..user("admin@example.com") }).unwrap();
        let options = TrailOptions { actor: Some("admin@example.com".into()), ..TrailOptions::default() };
        let trail = Trail::open(connection, options).unwrap();
        let products = Repository::<Product>::new(&trail);
        let cup = products.create(connection, &NewProduct::new("CUP", "Cup", money("1"), 1)).unwrap();
        assert_eq!((cup.created_by, cup.updated_by), (Some(admin.id), Some(admin.id)));
        let changed = Repository::<User>::new(&trail)
            .update(connection, &admin.id, &UserChanges { last_name: Some("B".into()), ..UserChanges::default() })
            .unwrap();
        assert_eq!((changed.created_by, changed.updated_by), (None, Some(admin.id)));
    });
}

#[test]
fn relationships_are_loaded_in_a_fixed_number_of_statements() {
    on_each_shop(|_, connection, trail| {
        let users = Repository::<User>::new(trail);
        let products = Repository::<Product>::new(trail);
        let junction = Repository::<ProductCategory>::new(trail);
        let orders = Repository::<Order>::new(trail);
        let category =
            Repository::<Category>::new(trail).create(connection, &NewCategory::new("a", "A", None)).unwrap();
        let other = Repository::<Category>::new(trail).create(connection, &NewCategory::new("b", "B", None)).unwrap();
        let alice = users.create(connection, &user("alice@example.com")).unwrap();
        let bob = users.create(connection, &user("bob@example.com")).unwrap();
        let profile = NewUserProfile {
            user_id: bob.id,
            phone: None,
            country_code: None,
            birth_date: None,
            created_by: None,
            updated_by: None,
        };
        Repository::<UserProfile>::new(trail).create(connection, &profile).unwrap();
        for number in 0..5 {
            let new = NewProduct::new(&format!("P-{number}"), &format!("Product {number}"), money("2.50"), 10);
            let product = products.create(connection, &new).unwrap();
            junction
                .create(connection, &NewProductCategory { product_id: product.id, category_id: category.id })
                .unwrap();
            if number % 2 == 0 {
                junction
                    .create(connection, &NewProductCategory { product_id: product.id, category_id: other.id })
                    .unwrap();
            }
            let order = orders.create(connection, &NewOrder::new(alice.id, money("5"))).unwrap();
            for quantity in [1, 2] {
                let product_id = if quantity == 1 { product.id } else { new_product(connection, trail, number) };
                let item =
                    NewOrderItem { id: Id::new(), order_id: order.id, product_id, quantity, unit_price: money("2.50") };
                Repository::<OrderItem>::new(trail).create(connection, &item).unwrap();
            }
        }

        let counter = count(connection);
        let spent = || counter.swap(0, Ordering::Relaxed);
        for limit in [1, 5] {
            let page = orders.of_user(connection, alice.id, &Options::new().limit(limit).without_total()).unwrap();
            let full = orders.with_items(connection, page.rows).unwrap();
            assert_eq!(spent(), 3, "for {limit} orders");
            assert_eq!(full.len(), usize::try_from(limit).unwrap());
            for order in &full {
                assert_eq!(order.items.iter().map(|(item, _)| item.quantity).collect::<Vec<_>>(), [1, 2]);
                assert!(order.items.iter().all(|(item, product)| item.product_id == product.id));
            }
        }
        // Many to many.
        let page = products.in_category(connection, category.id, &Options::new().without_total()).unwrap();
        assert_eq!((page.rows.len(), spent()), (5, 1));
        let full = products.with_categories(connection, page.rows).unwrap();
        assert_eq!(spent(), 1);
        let slugs = |at: usize| full[at].categories.iter().map(|category| category.slug.as_str()).collect::<Vec<_>>();
        assert_eq!((slugs(0), slugs(1)), (vec!["a", "b"], vec!["a"]));
        // One to one.
        let page = users.find_all(connection, &Filter::all(), &Options::new().sort(Sort::Oldest)).unwrap();
        assert_eq!((page.total, spent()), (Some(Total::Exact(2)), 2));
        let profiles = users.profiles(connection, &page.rows).unwrap();
        assert_eq!(spent(), 1);
        let ids: Vec<_> = profiles.iter().map(|profile| profile.as_ref().map(|profile| profile.user_id)).collect();
        assert_eq!(ids, [None, Some(bob.id)]);
    });
}

fn new_product(connection: &mut AnyConnection, trail: &Trail, number: i32) -> Id {
    let new = NewProduct::new(&format!("Q-{number}"), "Other", money("2.50"), 10);
    Repository::<Product>::new(trail).create(connection, &new).unwrap().id
}

#[test]
fn each_entity_has_its_own_queries() {
    on_each_shop(|_, connection, trail| {
        let users = Repository::<User>::new(trail);
        let alice = users.create(connection, &user("alice@example.com")).unwrap();
        users.create(connection, &NewUser { status: "suspended".into(), ..user("mallory@example.com") }).unwrap();
        assert_eq!(users.by_email(connection, "ALICE@example.com ").unwrap(), Some(alice.clone()));
        assert_eq!(users.by_email(connection, "nobody@example.com").unwrap(), None);
        let active = users.active(connection, &Options::new()).unwrap();
        assert_eq!((active.rows, active.total), (vec![alice.clone()], Some(Total::Exact(1))));

        let products = Repository::<Product>::new(trail);
        let cup = products.create(connection, &NewProduct::new("CUP", "Cup", money("0.10"), 1)).unwrap();
        let pot = products.create(connection, &NewProduct::new("POT", "Pot", money("33.33"), 9)).unwrap();
        assert_eq!(products.by_sku(connection, "POT").unwrap(), Some(pot.clone()));
        assert_eq!(products.by_name(connection, "Cup", &Options::new()).unwrap().rows, std::slice::from_ref(&cup));
        assert_eq!(products.low_stock(connection, 5, 10).unwrap(), std::slice::from_ref(&cup));

        let orders = Repository::<Order>::new(trail);
        let mut order = |status: &str, month: &str, items: &[(&Product, i32)]| {
            let total: i64 =
                items.iter().map(|(product, count)| product.price.minor().unwrap() * i64::from(*count)).sum();
            let new = NewOrder { status: status.into(), ..NewOrder::new(alice.id, Money::from_minor(total)) };
            let order = orders.create(connection, &new).unwrap();
            let at: Instant = format!("{month}-15T12:00:00Z").parse().unwrap();
            diesel::update(orders::table.find(order.id)).set(orders::created_at.eq(at)).execute(connection).unwrap();
            for (product, quantity) in items {
                let item = NewOrderItem {
                    id: Id::new(),
                    order_id: order.id,
                    product_id: product.id,
                    quantity: *quantity,
                    unit_price: product.price,
                };
                Repository::<OrderItem>::new(trail).create(connection, &item).unwrap();
            }
        };
        // A hundred times a tenth is ten, and not nearly ten.
        (0..10).for_each(|_| order("paid", "2026-01", &[(&cup, 10)]));
        order("delivered", "2026-02", &[(&pot, 3), (&cup, 1)]);
        order("cancelled", "2026-02", &[(&pot, 1_000)]);
        order("paid", "2026-03", &[(&pot, 1)]);
        let at = |text: &str| text.parse::<Instant>().unwrap();
        let (from, until) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T00:00:00Z"));
        let months = orders.revenue_by_month(connection, from, until).unwrap();
        let told: Vec<_> = months.iter().map(|it| format!("{} {} {}", it.month, it.revenue, it.orders)).collect();
        assert_eq!(told, ["2026-01 10.00 10", "2026-02 100.09 1"]);
        let best = orders.best_sellers(connection, from, 2).unwrap();
        let told: Vec<_> = best.iter().map(|it| format!("{} {}", it.product.sku, it.sold)).collect();
        assert_eq!(told, ["CUP 101", "POT 4"]);
        assert_eq!(orders.in_state(connection, "paid", &Options::new()).unwrap().total, Some(Total::Exact(11)));
        let newest = orders.of_user(connection, alice.id, &Options::new().limit(1)).unwrap();
        assert_eq!((newest.rows[0].created_at, newest.total), (at("2026-03-15T12:00:00Z"), Some(Total::Exact(13))));
        // An order goes its way here as by the commands.
        let delivered = OrderChanges { status: Some("pending".into()), ..OrderChanges::default() };
        let refused = orders.update(connection, &newest.rows[0].id, &delivered).unwrap_err();
        assert!(matches!(refused, RepositoryError::Refused(_)), "{refused:?}");
        assert_eq!(Error::from(refused).exit_code().number(), 11);
    });
}

#[test]
fn a_cache_is_cleared_by_changes_through_its_repository() {
    on_each_shop(|_, connection, trail| {
        let cache = Cache::new(100, Duration::from_mins(1));
        let cached = Repository::<User>::new(trail).cached(&cache);
        let plain = Repository::<User>::new(trail);
        let alice = cached.create(connection, &user("alice@example.com")).unwrap();
        let counter = count(connection);
        let spent = || counter.swap(0, Ordering::Relaxed);
        let found = |connection: &mut AnyConnection| cached.find_by_id(connection, &alice.id).unwrap();
        assert_eq!((found(connection), spent()), (alice.clone(), 1));
        assert_eq!((found(connection), spent()), (alice.clone(), 0));
        // Within a transaction it stands aside.
        transaction(connection, &TransactionOptions::new(), |connection| {
            spent();
            assert_eq!((found(connection), spent()), (alice.clone(), 1));
            Ok::<_, RepositoryError>(())
        })
        .unwrap();
        let named = |name: &str| UserChanges { first_name: Some(name.into()), ..UserChanges::default() };
        cached.update(connection, &alice.id, &named("Ada")).unwrap();
        assert_eq!(found(connection).first_name, "Ada");
        // What goes by another way is not seen, until it is cleared or its time is over.
        plain.update(connection, &alice.id, &named("Eve")).unwrap();
        assert_eq!(found(connection).first_name, "Ada");
        cache.clear();
        assert_eq!(found(connection).first_name, "Eve");
        cached.upsert(connection, &NewUser { first_name: "Zoe".into(), ..user("alice@example.com") }).unwrap();
        assert_eq!(found(connection).first_name, "Zoe");
        cached.delete(connection, &alice.id).unwrap();
        assert!(matches!(cached.find_by_id(connection, &alice.id), Err(RepositoryError::NotFound { .. })));
        let _ = users::table.count().get_result::<i64>(connection).unwrap();
    });
}
