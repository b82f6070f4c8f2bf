-- Enums, domains, and the types that are not modelled. Row types and arrays go with what they are of.
SELECT t.oid, t.typtype, n.nspname, t.typname,
  t.oid IN (SELECT objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND deptype = 'e') AS of_extension,
  d.description, v.labels,
  t.typbasetype, t.typtypmod, CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base,
  CASE WHEN b.typlen = -1 AND b.typelem <> 0 THEN b.typelem END AS element,
  t.typnotnull, t.typdefaultbin IS NOT NULL AS has_default, pg_catalog.pg_get_expr(t.typdefaultbin, 0) AS "default",
  CASE WHEN t.typcollation <> b.typcollation THEN t.typcollation::pg_catalog.regcollation END AS collation,
  CASE WHEN t.typtype = 'r' THEN (SELECT pg_catalog.concat_ws(', ', 'subtype ' || pg_catalog.format_type(r.rngsubtype, NULL), NULLIF(r.rngcollation, 0)::pg_catalog.regcollation,
    NULLIF(r.rngcanonical::pg_catalog.oid, 0)::pg_catalog.regproc, NULLIF(r.rngsubdiff::pg_catalog.oid, 0)::pg_catalog.regproc) FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid) END AS range
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
LEFT JOIN pg_catalog.pg_description d ON d.objoid = t.oid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_type'::pg_catalog.regclass
LEFT JOIN (SELECT enumtypid, pg_catalog.json_agg(enumlabel ORDER BY enumsortorder) AS labels FROM pg_catalog.pg_enum GROUP BY enumtypid) v ON v.enumtypid = t.oid
WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r', 'p') OR (t.typtype = 'b' AND t.typcategory <> 'A')
  OR (t.typtype = 'c' AND d.description IS NOT NULL))
