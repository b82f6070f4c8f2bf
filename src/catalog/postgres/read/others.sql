-- Schemas, extensions, and every object that is not modelled, each by its kind and name.
SELECT o.kind, n.nspname, o.name, o.extra
FROM (
  SELECT 'pg_namespace'::pg_catalog.text AS class, oid, 'schema' AS kind, NULL::pg_catalog.oid AS namespace, nspname::pg_catalog.text AS name, NULL::pg_catalog.text AS extra
    FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  UNION ALL SELECT '', oid, 'extension', extnamespace, extname, extversion FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
  UNION ALL SELECT 'pg_operator', oid, 'operator', oprnamespace,
      oprname || '(' || pg_catalog.concat_ws(', ', pg_catalog.format_type(NULLIF(oprleft, 0), NULL), pg_catalog.format_type(oprright, NULL)) || ')', NULL
    FROM pg_catalog.pg_operator WHERE oid >= 16384
  UNION ALL SELECT 'pg_opclass', c.oid, 'operator class', opcnamespace, opcname || ' for ' || amname, NULL
    FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am m ON m.oid = opcmethod WHERE c.oid >= 16384
  UNION ALL SELECT 'pg_opfamily', f.oid, 'operator family', opfnamespace, opfname || ' for ' || amname, NULL
    FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_am m ON m.oid = opfmethod WHERE f.oid >= 16384
  UNION ALL SELECT 'pg_cast', oid, 'cast', NULL, pg_catalog.format_type(castsource, NULL) || ' as ' || pg_catalog.format_type(casttarget, NULL), NULL
    FROM pg_catalog.pg_cast c WHERE oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND i.objid = c.oid AND i.deptype = 'i')
  UNION ALL SELECT 'pg_collation', oid, 'collation', collnamespace, collname, NULL FROM pg_catalog.pg_collation WHERE oid >= 16384
  UNION ALL SELECT 'pg_conversion', oid, 'conversion', connamespace, conname, NULL FROM pg_catalog.pg_conversion WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_parser', oid, 'text search parser', prsnamespace, prsname, NULL FROM pg_catalog.pg_ts_parser WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_template', oid, 'text search template', tmplnamespace, tmplname, NULL FROM pg_catalog.pg_ts_template WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_dict', oid, 'text search dictionary', dictnamespace, dictname, NULL FROM pg_catalog.pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_config', oid, 'text search configuration', cfgnamespace, cfgname, NULL FROM pg_catalog.pg_ts_config WHERE oid >= 16384
  UNION ALL SELECT 'pg_statistic_ext', oid, 'statistics', stxnamespace, stxname, NULL FROM pg_catalog.pg_statistic_ext
  UNION ALL SELECT 'pg_rewrite', r.oid, 'rule', c.relnamespace, r.rulename || ' on ' || c.relname, NULL
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
  UNION ALL SELECT 'pg_language', oid, 'language', NULL, lanname, NULL FROM pg_catalog.pg_language WHERE oid >= 16384
  UNION ALL SELECT 'pg_am', oid, 'access method', NULL, amname, NULL FROM pg_catalog.pg_am WHERE oid >= 16384
  UNION ALL SELECT 'pg_transform', t.oid, 'transform', NULL, pg_catalog.format_type(trftype, NULL) || ' for ' || lanname, NULL
    FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = trflang
  UNION ALL SELECT 'pg_event_trigger', oid, 'event trigger', NULL, evtname, NULL FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT 'pg_publication', oid, 'publication', NULL, pubname, NULL FROM pg_catalog.pg_publication
  UNION ALL SELECT 'pg_subscription', s.oid, 'subscription', NULL, subname, NULL
    FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database b ON b.oid = subdbid WHERE b.datname = pg_catalog.current_database()
  UNION ALL SELECT 'pg_foreign_data_wrapper', oid, 'foreign data wrapper', NULL, fdwname, NULL FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_foreign_server', oid, 'foreign server', NULL, srvname, NULL FROM pg_catalog.pg_foreign_server
  UNION ALL SELECT '', umid, 'user mapping', NULL, usename || ' on ' || srvname, NULL FROM pg_catalog.pg_user_mappings
  UNION ALL SELECT '', oid, 'default privileges', NULLIF(defaclnamespace, 0),
      'on ' || CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'routines' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END
      || ' of ' || pg_catalog.pg_get_userbyid(defaclrole), NULL FROM pg_catalog.pg_default_acl
  UNION ALL SELECT '', objoid, 'comment on schema', NULL, s.nspname, NULL FROM pg_catalog.pg_description d JOIN pg_catalog.pg_namespace s ON s.oid = d.objoid
    WHERE d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND s.nspname !~ '^pg_' AND s.nspname NOT IN ('information_schema', 'public')
) o
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
WHERE o.class = '' OR (pg_catalog.to_regclass('pg_catalog.' || o.class)::pg_catalog.oid, o.oid) NOT IN
  (SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND deptype = 'e')
