-- Constraints of tables and domains. Those of NOT NULL, which PostgreSQL 18 keeps here too, only where there is more to them
-- than the column says. A column of the catalog that an older server lacks is found one level further out, as `absent` has it.
SELECT k.conrelid, NULLIF(k.contypid, 0), k.contype, k.conname, NULLIF(k.condeferrable, false), NULLIF(k.condeferred, false), k.convalidated,
  NULLIF(k.connoinherit, false),
  CASE WHEN k.coninhcount > 0 THEN k.conislocal END AS local, NULLIF(k.conparentid <> 0, false) AS of_partition, NULLIF(k.conindid, 0),
  k.conkey, NULLIF(k.confrelid, 0), k.confkey, NULLIF(k.confupdtype, ' '), NULLIF(k.confdeltype, ' '), NULLIF(k.confmatchtype, ' '), k.confdelsetcols,
  NULLIF(k.conperiod, false), NULLIF(NOT k.conenforced, false) AS not_enforced,
  CASE k.contype WHEN 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid)
    WHEN 'x' THEN pg_catalog.pg_get_constraintdef(k.oid) END AS definition,
  CASE WHEN (SELECT EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid >= 16384 AND classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass)) THEN
    (SELECT d.description FROM pg_catalog.pg_description d WHERE d.objoid = k.oid AND d.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass) END AS description
FROM (SELECT NULL::pg_catalog.int2[] AS confdelsetcols, false AS conperiod, true AS conenforced) AS absent,
  LATERAL (SELECT oid, connamespace, conrelid, contypid, contype, conname, condeferrable, condeferred, convalidated, connoinherit, coninhcount,
    conislocal, conparentid, conindid, conkey, confrelid, confkey, confupdtype, confdeltype, confmatchtype, conbin,
    confdelsetcols, conperiod, conenforced FROM pg_catalog.pg_constraint) k
WHERE k.oid >= 16384 AND k.connamespace = ANY (ARRAY(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'))
  AND (k.contype IN ('p', 'u', 'f', 'c', 'x')
  OR (k.contype = 'n' AND k.conrelid <> 0 AND k.conislocal AND (NOT k.convalidated OR k.connoinherit OR k.conname !~ '_not_null[0-9]*$')))
