-- Functions, procedures and aggregates.
SELECT p.oid, p.prokind, n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments,
  pg_catalog.pg_get_function_arguments(p.oid) AS signature, pg_catalog.pg_get_function_result(p.oid) AS result,
  l.lanname, p.prosrc, p.probin, p.prosqlbody IS NOT NULL AS has_sql_body,
  CASE WHEN p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid) END AS sql_body,
  p.provolatile, p.prosecdef, p.proisstrict, p.proleakproof, p.proparallel,
  CASE WHEN p.procost <> CASE WHEN l.lanname IN ('internal', 'c') THEN 1 ELSE 100 END THEN p.procost END AS cost,
  CASE WHEN p.proretset AND p.prorows <> 1000 THEN p.prorows END AS rows,
  CASE WHEN p.prosupport <> 0 THEN p.prosupport::pg_catalog.regproc END AS support,
  (SELECT pg_catalog.json_agg(pg_catalog.format_type(t, NULL)) FROM pg_catalog.unnest(p.protrftypes) t) AS transforms,
  pg_catalog.to_json(p.proconfig) AS settings,
  CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid) END AS statement,
  pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS quoted, d.description,
  CASE WHEN p.prokind = 'a' THEN (SELECT pg_catalog.concat_ws(', ', g.aggkind, g.aggnumdirectargs, 'sfunc ' || g.aggtransfn::pg_catalog.text, 'stype ' || pg_catalog.format_type(g.aggtranstype, NULL),
    'finalfunc ' || NULLIF(g.aggfinalfn::pg_catalog.oid, 0)::pg_catalog.regproc, 'combinefunc ' || NULLIF(g.aggcombinefn::pg_catalog.oid, 0)::pg_catalog.regproc, 'initcond ' || g.agginitval, 'msfunc ' || NULLIF(g.aggmtransfn::pg_catalog.oid, 0)::pg_catalog.regproc,
    'sortop ' || NULLIF(g.aggsortop, 0)::pg_catalog.regoperator) FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid) END AS aggregate
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
LEFT JOIN pg_catalog.pg_description d ON d.objoid = p.oid AND d.objoid >= 16384 AND d.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
WHERE p.oid >= 16384 AND p.oid NOT IN (SELECT objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
  AND classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND deptype = 'e')
  -- Those that a range type brings.
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND i.objid = p.oid AND i.deptype = 'i')
