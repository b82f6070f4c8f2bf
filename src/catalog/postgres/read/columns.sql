-- The columns of all relations. What is as usual is NULL: a hundred thousand of them are read faster so. What few of them have is looked
-- up for these alone: how many they are, the server does not know of a database that was made a moment ago.
SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.atttypid, NULLIF(a.atttypmod, -1),
  CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN t.typelem END AS element,
  NULLIF(a.attnotnull, false) AS not_null, NULLIF(a.attidentity, '') AS identity, NULLIF(a.attgenerated, '') AS generated,
  NULLIF(a.atthasdef, false) AS has_expression,
  CASE WHEN a.atthasdef THEN (SELECT pg_catalog.pg_get_expr(e.adbin, e.adrelid) FROM pg_catalog.pg_attrdef e
    WHERE e.adrelid = a.attrelid AND e.adnum = a.attnum) END AS expression,
  NULLIF(a.attcollation, 0) AS collation_oid,
  CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation END AS collation,
  CASE WHEN (SELECT EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid >= 16384 AND classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)) THEN
    (SELECT d.description FROM pg_catalog.pg_description d WHERE d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum) END AS description,
  CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage, NULLIF(a.attcompression, '') AS compression,
  CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
  CASE WHEN a.attinhcount > 0 THEN a.attislocal END AS local,
  pg_catalog.to_json(a.attoptions) AS options, pg_catalog.to_json(a.attfdwoptions) AS foreign_options
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid >= 16384 AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relnamespace = ANY (ARRAY(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'))
