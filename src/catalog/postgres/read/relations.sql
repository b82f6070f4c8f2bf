-- Tables, views, sequences and composite types: whatever has a row in pg_class, but for indexes. The bytes of some hundred tables are
-- measured; of more, that would take longer than all the rest, and they are as many pages as the server has counted last, if it has.
SELECT c.oid, c.relkind, n.nspname, c.relname,
  c.oid IN (SELECT objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND deptype = 'e') AS of_extension,
  CASE WHEN (SELECT EXISTS (SELECT FROM pg_catalog.pg_description WHERE objoid >= 16384 AND classoid = 'pg_catalog.pg_class'::pg_catalog.regclass)) THEN
    (SELECT d.description FROM pg_catalog.pg_description d WHERE d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0) END AS description,
  CASE WHEN c.reltuples >= 0 AND c.relkind IN ('r', 'p', 'f', 'm') THEN c.reltuples::pg_catalog.int8 END AS rows,
  CASE WHEN c.relkind NOT IN ('r', 'm') OR pg_catalog.current_setting('dbtool.everything') = 'off' THEN NULL
    WHEN (SELECT pg_catalog.count(*) <= 500 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384) THEN pg_catalog.pg_total_relation_size(c.oid)
    WHEN c.reltuples >= 0 THEN (c.relpages + coalesce(i.pages, 0) + coalesce(o.relpages, 0)) * pg_catalog.current_setting('block_size')::pg_catalog.int8 END AS bytes,
  c.relispartition,
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS partition_by,
  CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END AS partition_bound,
  h.parents, NULLIF(c.relpersistence, 'p') AS persistence, c.relrowsecurity, c.relforcerowsecurity,
  CASE WHEN c.relkind IN ('r', 'p') THEN c.relreplident END AS replica_identity, pg_catalog.to_json(c.reloptions) AS storage,
  pg_catalog.to_json(o.reloptions) AS toast,
  (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace AND c.reltablespace <> 0) AS tablespace,
  CASE WHEN c.relkind IN ('r', 'm') THEN (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap') END AS method,
  CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END AS of_type,
  CASE WHEN c.relkind = 'f' THEN (SELECT s.srvname FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
    WHERE f.ftrelid = c.oid) END AS server,
  CASE WHEN c.relkind = 'f' THEN (SELECT pg_catalog.to_json(f.ftoptions) FROM pg_catalog.pg_foreign_table f WHERE f.ftrelid = c.oid) END AS foreign_options,
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS query,
  CASE WHEN c.relkind = 'S' THEN pg_catalog.format_type(q.seqtypid, NULL) END AS sequence_type,
  q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle,
  CASE WHEN c.relkind = 'S' THEN (SELECT pg_catalog.concat_ws(' ', w.deptype, w.refobjid, w.refobjsubid) FROM pg_catalog.pg_depend w
    WHERE w.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.objid = c.oid AND w.objsubid = 0
      AND w.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.refobjsubid > 0 AND w.deptype IN ('a', 'i')) END AS goes_with,
  c.relkind = 'm' AND NOT c.relispopulated AS is_empty
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
LEFT JOIN (SELECT inhrelid, pg_catalog.json_agg(inhparent ORDER BY inhseqno) AS parents FROM pg_catalog.pg_inherits GROUP BY inhrelid) h
  ON h.inhrelid = c.oid
LEFT JOIN pg_catalog.pg_class o ON o.oid = c.reltoastrelid
LEFT JOIN (SELECT x.indrelid, pg_catalog.sum(p.relpages) AS pages FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class p ON p.oid = x.indexrelid
  WHERE x.indrelid >= 16384 AND pg_catalog.current_setting('dbtool.everything') = 'on' GROUP BY x.indrelid) i ON i.indrelid = c.oid
LEFT JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c')
