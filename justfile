# The tasks of this repository. `just` lists them.

default:
    @just --list

# Formatting and lints
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings

# All tests, on SQLite, and on PostgreSQL and MySQL or MariaDB where a server answers
test:
    cargo test --locked

# Every point, twenty rounds, what is slow, with Diesel's command line, and no backend passed over; then on each server in DBTOOL_TEST_SERVERS, by its URL
test-all: tools
    DBTOOL_TEST_REQUIRE=postgres,mysql DBTOOL_TEST_ALL_POINTS=1 DBTOOL_TEST_ROUNDS=20 cargo test --locked -- --include-ignored
    for url in ${DBTOOL_TEST_SERVERS:-}; do \
      echo "on $url"; \
      case $url in mysql*) export DBTOOL_TEST_MYSQL_URL=$url ;; *) export DBTOOL_TEST_POSTGRES_URL=$url ;; esac; \
      DBTOOL_TEST_REQUIRE=postgres,mysql cargo test --locked || exit 1; \
    done

# Write the generated files anew: docs, completions, screens
gen:
    UPDATE=1 INSTA_UPDATE=always cargo test --locked --test it

# Exactly what CI does
ci:
    .ci/run

# The tools that some tests run beside dbtool; diesel needs libmariadb-dev or libmysqlclient-dev
tools:
    command -v diesel >/dev/null || cargo install diesel_cli --version '~2.3' --no-default-features --features sqlite-bundled,postgres-bundled,mysql

# Fuzz the splitter; needs cargo-fuzz. The variable lets a stable compiler instrument the code
fuzz seconds="60":
    RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none split -- -max_total_time={{seconds}}

# Compare with other tools, and write the figures into docs/performance.md; needs npm, and libmariadb-dev for diesel
bench: tools
    npm install --silent --no-fund --no-audit --prefix target/bench dbmate
    command -v sqlx >/dev/null || cargo install sqlx-cli --no-default-features --features rustls,postgres,sqlite
    command -v refinery >/dev/null || cargo install refinery_cli
    cargo bench --locked --bench peers -- --write
    cargo bench --locked --bench shop -- --write

# Line coverage, in all and of what must not be wrong: at least 85 %; needs cargo-llvm-cov
coverage:
    DBTOOL_TEST_REQUIRE=postgres,mysql cargo llvm-cov --locked --summary-only --ignore-filename-regex '(tests|benches)/' | tee target/coverage.txt | grep -E '^(Filename|TOTAL)'
    for part in migrate sql db; do \
      awk -v part="$part" '$1 ~ "^" part "/" { lines += $8; missed += $9 } END { share = 100 * (lines - missed) / lines; \
        printf "%s/: %.1f %% of %d lines\n", part, share, lines; exit share < 85 }' target/coverage.txt || exit 1; \
    done
