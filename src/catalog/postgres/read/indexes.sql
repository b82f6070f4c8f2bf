-- Indexes. Texts are asked for only where there are any: each takes the server a while.
SELECT i.indrelid, i.indexrelid, c.relname, m.amname, i.indisunique, i.indisvalid, i.indisclustered, i.indisreplident, i.indnullsnotdistinct,
  i.indnkeyatts, i.indkey, i.indoption, i.indcollation,
  i.indpred IS NOT NULL AS is_partial, pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
  CASE WHEN i.indexprs IS NOT NULL THEN (SELECT pg_catalog.json_agg(CASE WHEN k = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, at::pg_catalog.int4, false) END ORDER BY at)
    FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY u (k, at)) END AS expressions,
  CASE WHEN p.parameters IS NOT NULL
      OR i.indclass::pg_catalog.oid[] OPERATOR(pg_catalog.&&) ARRAY(SELECT oid FROM pg_catalog.pg_opclass WHERE NOT opcdefault) THEN
    (SELECT pg_catalog.json_agg(CASE WHEN p.parameters IS NOT NULL OR NOT o.opcdefault THEN
      CASE WHEN pg_catalog.pg_opclass_is_visible(o.oid) THEN '' ELSE pg_catalog.quote_ident(s.nspname) || '.' END || pg_catalog.quote_ident(o.opcname) END ORDER BY at)
    FROM pg_catalog.unnest(i.indclass::pg_catalog.oid[]) WITH ORDINALITY u (k, at) JOIN pg_catalog.pg_opclass o ON o.oid = k
      JOIN pg_catalog.pg_namespace s ON s.oid = o.opcnamespace) END AS classes,
  CASE WHEN NOT i.indcollation::pg_catalog.oid[] OPERATOR(pg_catalog.<@) '{0,100}'::pg_catalog.oid[] THEN
    (SELECT pg_catalog.json_agg(k::pg_catalog.regcollation::pg_catalog.text ORDER BY at)
    FROM pg_catalog.unnest(i.indcollation::pg_catalog.oid[]) WITH ORDINALITY u (k, at)) END AS collations,
  p.parameters, pg_catalog.to_json(c.reloptions) AS storage,
  (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace AND c.reltablespace <> 0) AS tablespace,
  h.inhparent,
  CASE WHEN (SELECT EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid >= 16384 AND classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)) THEN
    (SELECT d.description FROM pg_catalog.pg_description d WHERE d.objoid = i.indexrelid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0) END AS description,
  p.statistics
FROM (SELECT false AS indnullsnotdistinct) AS absent,
  LATERAL (SELECT indrelid, indexrelid, indisunique, indisvalid, indisclustered, indisreplident, indnkeyatts, indkey, indoption, indcollation, indclass,
    indpred, indexprs, indislive, indnullsnotdistinct FROM pg_catalog.pg_index) i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = i.indexrelid
-- Neither do the operator classes of a B-tree that the server brings have parameters, nor has anything but an expression statistics of its own.
LEFT JOIN LATERAL (SELECT pg_catalog.json_object_agg(a.attnum, a.attoptions) FILTER (WHERE a.attoptions IS NOT NULL) AS parameters,
    pg_catalog.json_object_agg(a.attnum, a.attstattarget) FILTER (WHERE a.attstattarget >= 0) AS statistics
  FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = i.indexrelid AND a.attnum > 0 AND (a.attoptions IS NOT NULL OR a.attstattarget >= 0)
    AND (i.indexprs IS NOT NULL OR m.amname <> 'btree'
      OR i.indclass::pg_catalog.oid[] OPERATOR(pg_catalog.&&) ARRAY(SELECT oid FROM pg_catalog.pg_opclass WHERE oid >= 16384))) p ON true
WHERE i.indislive AND i.indexrelid >= 16384 AND c.oid >= 16384
  AND c.relnamespace = ANY (ARRAY(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'))
