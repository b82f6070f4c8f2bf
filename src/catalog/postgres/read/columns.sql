-- The columns of all relations. What is as usual is NULL: a hundred thousand of them are read faster so.
SELECT a.attrelid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.atttypid, NULLIF(a.atttypmod, -1),
  CASE WHEN t.typlen = -1 AND t.typelem <> 0 THEN t.typelem END AS element,
  NULLIF(a.attnotnull, false) AS not_null, NULLIF(a.attidentity, '') AS identity, NULLIF(a.attgenerated, '') AS generated,
  NULLIF(e.oid IS NOT NULL, false) AS has_expression, pg_catalog.pg_get_expr(e.adbin, e.adrelid) AS expression,
  NULLIF(a.attcollation, 0) AS collation_oid,
  CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::pg_catalog.regcollation END AS collation,
  d.description,
  CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage, NULLIF(a.attcompression, '') AS compression,
  CASE WHEN a.attstattarget >= 0 THEN a.attstattarget END AS statistics,
  CASE WHEN a.attinhcount > 0 THEN a.attislocal END AS local,
  pg_catalog.to_json(a.attoptions) AS options, pg_catalog.to_json(a.attfdwoptions) AS foreign_options
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
LEFT JOIN pg_catalog.pg_description d ON d.objoid = a.attrelid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
WHERE a.attrelid >= 16384 AND c.oid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped
