-- What must be there before what: the owner of a text (a view, routine, table, domain) and what the text names. Where it is that of a
-- default or a check, or of a view's query, which can be given to it later, it says which.
SELECT CASE WHEN w.ev_class IS NOT NULL OR e.adrelid IS NOT NULL OR k.conrelid <> 0 THEN 'relation'
    WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN 'relation'
    WHEN d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'routine' ELSE 'type' END AS kind,
  coalesce(w.ev_class, e.adrelid, NULLIF(k.conrelid, 0), k.contypid, d.objid) AS oid, a.attname AS of_default, k.conname AS of_check,
  CASE WHEN coalesce(i.typrelid, 0) <> 0 OR coalesce(t.typrelid, 0) <> 0 OR d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN 'relation'
    WHEN d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'routine' ELSE 'type' END AS needed_kind,
  coalesce(NULLIF(i.typrelid, 0), i.oid, NULLIF(t.typrelid, 0), d.refobjid) AS needed, w.ev_class IS NOT NULL AS of_query
FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
LEFT JOIN pg_catalog.pg_attrdef e ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND e.oid = d.objid
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
LEFT JOIN pg_catalog.pg_constraint k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = d.objid
LEFT JOIN pg_catalog.pg_type t ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid
LEFT JOIN pg_catalog.pg_type i ON i.oid = t.typelem AND t.typlen = -1
WHERE pg_catalog.current_setting('dbtool.everything') = 'on' AND d.deptype = 'n' AND d.objid >= 16384 AND d.refobjid >= 16384
  -- Before PostgreSQL 16 the rule of a view named the view as a whole, whatever it reads.
  AND NOT (w.ev_class IS NOT DISTINCT FROM d.refobjid AND d.refobjsubid = 0)
  AND ((d.classid IN ('pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_class'::pg_catalog.regclass,
      'pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass)
    AND d.refclassid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass))
  OR (d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.contype = 'c'
    AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass)))
