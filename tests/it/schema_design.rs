//! The page on the reference schema: its picture is what `schema er` draws, and every index that it names is there.

use crate::generated::compare;
use crate::support::{Project, root, shop};

#[test]
fn the_page_on_the_reference_schema_is_up_to_date() {
    let project = shop(Project::sqlite());
    let picture = project.ok(&["schema", "er"]).stdout;
    let text = std::fs::read_to_string(root().join("docs/schema-design.in.md")).unwrap();
    let text = text.replace("{{er}}", &format!("```mermaid\n{}\n```", picture.trim_end()));
    for word in text.split('`').filter(|word| word.starts_with("idx_")) {
        assert_eq!(
            project.query(&format!("SELECT count(*) FROM sqlite_master WHERE name = '{word}'")),
            ["1"],
            "{word}"
        );
    }
    let made = "<!-- Made from docs/schema-design.in.md and `schema er`: `UPDATE=1 cargo test` writes it anew. -->\n";
    compare("docs/schema-design.md", &format!("{made}{text}"));
}
