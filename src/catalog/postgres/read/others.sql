-- Schemas, extensions, grants, and every object that is not modelled, each by its kind, its name, and what more is known.
SELECT o.kind, n.nspname, o.name, o.extra
FROM (
  SELECT 'pg_namespace'::pg_catalog.text AS class, oid, 'schema' AS kind, NULL::pg_catalog.oid AS namespace, nspname::pg_catalog.text AS name, NULL::pg_catalog.text AS extra
    FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
  UNION ALL SELECT '', e.oid, 'extension', extnamespace, extname, pg_catalog.json_build_array(extversion,
      NULLIF(d.description, (SELECT a.comment FROM pg_catalog.pg_available_extensions() a WHERE a.name = e.extname)))::pg_catalog.text
    FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_description d ON d.objoid = e.oid AND d.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    WHERE extname <> 'plpgsql'
  UNION ALL SELECT 'pg_operator', oid, 'operator', oprnamespace,
      oprname || '(' || pg_catalog.concat_ws(', ', pg_catalog.format_type(NULLIF(oprleft, 0), NULL), pg_catalog.format_type(oprright, NULL)) || ')',
      pg_catalog.concat_ws(', ', oprcode::pg_catalog.regproc, NULLIF(oprcom, 0)::pg_catalog.regoperator, NULLIF(oprnegate, 0)::pg_catalog.regoperator, oprcanmerge, oprcanhash)
    FROM pg_catalog.pg_operator WHERE oid >= 16384
  UNION ALL SELECT 'pg_opclass', c.oid, 'operator class', opcnamespace, opcname || ' for ' || amname,
      pg_catalog.concat_ws(', ', pg_catalog.format_type(opcintype, NULL), opcdefault, NULLIF(opckeytype, 0)::pg_catalog.regtype)
    FROM pg_catalog.pg_opclass c JOIN pg_catalog.pg_am m ON m.oid = opcmethod WHERE c.oid >= 16384
  UNION ALL SELECT 'pg_opfamily', f.oid, 'operator family', opfnamespace, opfname || ' for ' || amname, NULL
    FROM pg_catalog.pg_opfamily f JOIN pg_catalog.pg_am m ON m.oid = opfmethod WHERE f.oid >= 16384
  UNION ALL SELECT 'pg_cast', oid, 'cast', NULL, pg_catalog.format_type(castsource, NULL) || ' as ' || pg_catalog.format_type(casttarget, NULL),
      pg_catalog.concat_ws(', ', castcontext, castmethod, NULLIF(castfunc, 0)::pg_catalog.regprocedure)
    FROM pg_catalog.pg_cast c WHERE oid >= 16384
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i WHERE i.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass AND i.objid = c.oid AND i.deptype = 'i')
  UNION ALL SELECT 'pg_collation', oid, 'collation', collnamespace, collname, pg_catalog.concat_ws(', ', collprovider, collcollate, collctype, collisdeterministic) FROM pg_catalog.pg_collation WHERE oid >= 16384
  UNION ALL SELECT 'pg_conversion', oid, 'conversion', connamespace, conname, pg_catalog.concat_ws(', ', conforencoding, contoencoding, conproc, condefault) FROM pg_catalog.pg_conversion WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_parser', oid, 'text search parser', prsnamespace, prsname, NULL FROM pg_catalog.pg_ts_parser WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_template', oid, 'text search template', tmplnamespace, tmplname, NULL FROM pg_catalog.pg_ts_template WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_dict', oid, 'text search dictionary', dictnamespace, dictname, dictinitoption FROM pg_catalog.pg_ts_dict WHERE oid >= 16384
  UNION ALL SELECT 'pg_ts_config', oid, 'text search configuration', cfgnamespace, cfgname,
      (SELECT pg_catalog.string_agg(maptokentype || ' ' || mapdict::pg_catalog.regdictionary, ', ' ORDER BY maptokentype, mapseqno) FROM pg_catalog.pg_ts_config_map WHERE mapcfg = oid)
    FROM pg_catalog.pg_ts_config WHERE oid >= 16384
  UNION ALL SELECT 'pg_statistic_ext', oid, 'statistics', stxnamespace, stxname,
      pg_catalog.concat_ws(' ', stxkind::pg_catalog.text, pg_catalog.pg_get_statisticsobjdef_columns(oid), stxrelid::pg_catalog.regclass) FROM pg_catalog.pg_statistic_ext
  UNION ALL SELECT 'pg_rewrite', r.oid, 'rule', c.relnamespace, r.rulename || ' on ' || c.relname, pg_catalog.concat_ws(' ', r.ev_enabled, pg_catalog.pg_get_ruledef(r.oid, true))
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'
  UNION ALL SELECT 'pg_language', oid, 'language', NULL, lanname, NULL FROM pg_catalog.pg_language WHERE oid >= 16384
  UNION ALL SELECT 'pg_am', oid, 'access method', NULL, amname, NULL FROM pg_catalog.pg_am WHERE oid >= 16384
  UNION ALL SELECT 'pg_transform', t.oid, 'transform', NULL, pg_catalog.format_type(trftype, NULL) || ' for ' || lanname, NULL
    FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = trflang
  UNION ALL SELECT 'pg_event_trigger', oid, 'event trigger', NULL, evtname, pg_catalog.concat_ws(', ', evtevent, evtfoid::pg_catalog.regproc, evtenabled, evttags) FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT 'pg_publication', oid, 'publication', NULL, pubname, pg_catalog.concat_ws(', ', puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
      (SELECT pg_catalog.string_agg(prrelid::pg_catalog.regclass::pg_catalog.text, ', ' ORDER BY prrelid::pg_catalog.regclass::pg_catalog.text) FROM pg_catalog.pg_publication_rel WHERE prpubid = p.oid))
    FROM pg_catalog.pg_publication p
  UNION ALL SELECT 'pg_subscription', s.oid, 'subscription', NULL, subname, NULL
    FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database b ON b.oid = subdbid WHERE b.datname = pg_catalog.current_database()
  UNION ALL SELECT 'pg_foreign_data_wrapper', oid, 'foreign data wrapper', NULL, fdwname, NULL FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_foreign_server', oid, 'foreign server', NULL, srvname, NULL FROM pg_catalog.pg_foreign_server
  UNION ALL SELECT '', umid, 'user mapping', NULL, usename || ' on ' || srvname, NULL FROM pg_catalog.pg_user_mappings
  UNION ALL SELECT '', oid, 'default privileges', NULLIF(defaclnamespace, 0),
      'on ' || CASE defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'routines' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE 'large objects' END
      || ' of ' || pg_catalog.pg_get_userbyid(defaclrole), defaclacl::pg_catalog.text FROM pg_catalog.pg_default_acl
  UNION ALL SELECT '', objoid, 'comment on schema', NULL, s.nspname, d.description FROM pg_catalog.pg_description d JOIN pg_catalog.pg_namespace s ON s.oid = d.objoid
    WHERE d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND s.nspname !~ '^pg_' AND s.nspname NOT IN ('information_schema', 'public')
  -- ALTER TABLE … DISABLE TRIGGER ALL.
  UNION ALL SELECT DISTINCT '', 0::pg_catalog.oid, 'disabled trigger of a constraint', c.relnamespace, c.relname || '.' || k.conname, NULL
    FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid JOIN pg_catalog.pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.oid >= 16384 AND g.tgisinternal AND g.tgenabled <> 'O'
  -- What is granted beyond what everybody has from the start, and what of that is taken away.
  UNION ALL SELECT a.class, a.oid, 'grant', a.namespace, a.name,
      pg_catalog.json_build_array(a.kind, CASE WHEN g.grantee = 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(g.grantee) END, g.granted)::pg_catalog.text
    FROM (
      SELECT 'pg_class'::pg_catalog.text AS class, c.oid, c.relnamespace AS namespace, c.relname::pg_catalog.text AS name,
          CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind, c.relacl AS acl,
          pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS usual
        FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relacl IS NOT NULL
      UNION ALL SELECT 'pg_class', c.oid, c.relnamespace, c.relname || '.' || t.attname, 'column', t.attacl, pg_catalog.acldefault('c', c.relowner)
        FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid WHERE t.attrelid >= 16384 AND t.attacl IS NOT NULL AND NOT t.attisdropped
      UNION ALL SELECT 'pg_proc', oid, pronamespace, proname || '(' || pg_catalog.pg_get_function_identity_arguments(oid) || ')',
          CASE prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END, proacl, pg_catalog.acldefault('f', proowner)
        FROM pg_catalog.pg_proc WHERE oid >= 16384 AND proacl IS NOT NULL
      UNION ALL SELECT 'pg_type', oid, typnamespace, typname, 'type', typacl, pg_catalog.acldefault('T', typowner)
        FROM pg_catalog.pg_type WHERE oid >= 16384 AND typacl IS NOT NULL
      UNION ALL SELECT 'pg_namespace', oid, NULL, nspname, 'schema', nspacl,
          coalesce((SELECT initprivs FROM pg_catalog.pg_init_privs WHERE objoid = oid AND classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass), pg_catalog.acldefault('n', nspowner))
        FROM pg_catalog.pg_namespace WHERE nspacl IS NOT NULL AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    ) a,
    LATERAL (
      (SELECT x.grantee, x.privilege_type || CASE WHEN x.is_grantable THEN ' with grant option' ELSE '' END AS granted FROM pg_catalog.aclexplode(a.acl) x
        EXCEPT SELECT x.grantee, x.privilege_type FROM pg_catalog.aclexplode(a.usual) x)
      UNION ALL (SELECT x.grantee, 'no ' || x.privilege_type FROM pg_catalog.aclexplode(a.usual) x
        EXCEPT SELECT x.grantee, 'no ' || x.privilege_type FROM pg_catalog.aclexplode(a.acl) x)
    ) g
  -- Whose tables are, where it is neither this user nor the database's owner.
  UNION ALL SELECT 'pg_class', c.oid, 'grant', c.relnamespace, c.relname, pg_catalog.json_build_array(
      CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END, pg_catalog.pg_get_userbyid(c.relowner), 'OWNER')::pg_catalog.text
    FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND pg_catalog.pg_get_userbyid(c.relowner) <> current_user
      AND c.relowner <> (SELECT datdba FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
) o
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
WHERE (n.nspname IS NULL OR (n.nspname !~ '^pg_' AND n.nspname <> 'information_schema')) AND (o.class = '' OR (pg_catalog.to_regclass('pg_catalog.' || o.class)::pg_catalog.oid, o.oid) NOT IN
  (SELECT classid, objid FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND deptype = 'e'))
